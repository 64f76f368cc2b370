"""Faults by rule: which request is hit, and what happens to it."""

from __future__ import annotations

import fnmatch
import threading
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel


class Fault(BaseModel):
    """One rule.

    method, path, host, query: wildcards, without regard to case; the host without port.
    nth: which of the matching requests, from 1: a number, a range "2-4" or "3-", or "every".
    delay: seconds to wait first. status: answered with `headers` and `body` instead of the real answer.
    signIn: the 203 page that a bad token gets. reset: the connection is reset (TCP RST).
    when: whether status, signIn and reset come before the request is carried out, or after, in place of the answer.
    headers alone are added to the real answer, as `Retry-After` comes with a 200 of a throttled request.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    method: str = "*"
    path: str = "*"
    host: str = "*"
    query: str = "*"
    nth: int | str = "every"
    delay: float = Field(default=0, ge=0)
    status: int | None = Field(default=None, ge=200, le=599)
    headers: dict[str, str] = {}
    body: str = ""
    sign_in: bool = False
    reset: bool = False
    when: Literal["before", "after"] = "before"

    @model_validator(mode="after")
    def _sensible(self) -> Fault:
        if sum([self.status is not None, self.sign_in, self.reset]) > 1:
            raise ValueError("a fault has one of status, signIn and reset")
        _span(self.nth)
        return self

    def matches(self, method: str, path: str, host: str = "", query: str = "") -> bool:
        pairs = ((method, self.method), (path, self.path), (host, self.host), (query, self.query))
        return all(fnmatch.fnmatchcase(given.lower(), wanted.lower()) for given, wanted in pairs)

    def hits(self, count: int) -> bool:
        """Whether the count-th matching request is meant."""
        first, last = _span(self.nth)
        return first <= count <= last

    @property
    def replaces(self) -> bool:
        """Whether the client gets something else than the real answer."""
        return self.status is not None or self.sign_in or self.reset

    def __str__(self) -> str:
        parts = (
            ["sign-in page" if self.sign_in else "reset" if self.reset else str(self.status)] if self.replaces else []
        )
        parts += [self.when] if self.replaces else []
        parts += [f"delayed {self.delay} s"] if self.delay else []
        parts += [f"{name}: {value}" for name, value in self.headers.items()]
        return " ".join(parts)


class Faults:
    """The rules in force. Each counts the requests that match it; the first that is hit acts."""

    def __init__(self) -> None:
        self._rules: list[tuple[Fault, list[int]]] = []
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        with self._lock:
            self._rules += [(fault, [0]) for fault in faults]

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def of(self, method: str, path: str, host: str = "", query: str = "") -> Fault | None:
        """Count a request; the fault that it meets."""
        hit = None
        with self._lock:
            for fault, count in self._rules:
                if fault.matches(method, path, host, query):
                    count[0] += 1
                    if hit is None and fault.hits(count[0]):
                        hit = fault
        return hit


def read_faults(text: str) -> list[Fault]:
    """Rules from YAML or JSON: one mapping or a list of them. ValueError says what does not fit."""
    try:
        data: Any = yaml.safe_load(text)
        return [Fault.model_validate(rule) for rule in (data if isinstance(data, list) else [data])]
    except (yaml.YAMLError, ValidationError) as error:
        raise ValueError(f"These fault rules cannot be used: {error}") from None


def load_faults(path: Path) -> list[Fault]:
    """Rules from a YAML or JSON file."""
    return read_faults(path.read_text(encoding="utf-8"))


def _span(nth: int | str) -> tuple[int, float]:
    """First and last request of `4`, `2-4`, `3-` or `every`."""
    if nth == "every":
        return 1, float("inf")
    first, dash, last = str(nth).partition("-")
    if not first.isdecimal() or (last and not last.isdecimal()) or int(first) < 1 or int(last or first) < int(first):
        raise ValueError(f"nth counts from 1: a number, a range like 2-4 or 3-, or every, not {nth!r}")
    return int(first), int(last) if last else float("inf") if dash else int(first)
