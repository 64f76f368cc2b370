"""What a deployment has to keep to while it gets requests: rules as people write them, and whether they are kept."""

from __future__ import annotations

import re
from typing import Any

from amltasks.data import Data
from amltasks.durations import parse_duration
from amltasks.endpoints.smoke.sampling import Comparison, Sample
from amltasks.errors import UserError
from amltasks.notebooks.core_yaml import load_yaml
from amltasks.quoting import listed, nearest, quoted

_PERCENTILES = ("p50", "p90", "p95", "p99")
_NAMES = ("requests", "concurrency", "errorRate", *_PERCENTILES, "slowerBy", "difference", "absolute", "relative")
_MOST_REQUESTS, _MOST_AT_ONCE = 10_000, 64


class Rules(Data):
    """requests: of a sample. concurrency: how many of them at once; a replica may answer only one at a time.

    error_rate, slower_by, difference: 0 to 1. latencies: percentile → seconds.
    slower_by: how much longer 95 per cent of the answers may take than those of the deployment that serves now.
    difference: the part of the answers that may differ from that one's on the same requests; None for not compared.
    absolute, relative: by how much numbers in them may differ.
    """

    requests: int = 20
    concurrency: int = 1
    error_rate: float = 0.0
    latencies: dict[int, float] = {}
    slower_by: float | None = None
    difference: float | None = None
    absolute: float = 0.0
    relative: float = 0.0

    @property
    def compares(self) -> bool:
        return self.slower_by is not None or self.difference is not None

    def broken(self, sample: Sample) -> str:
        """A sentence on the first rule that the answers do not keep to; empty where they keep to all."""
        if sample.error_rate > self.error_rate:
            worst = next(iter(sample.faults), "")
            return f"{sample.errors} of {sample.requests} requests failed{_at_most(self.error_rate)}: {worst}"
        for number, bound in self.latencies.items():
            took = sample.percentile(number)
            if took is not None and took > bound:
                return f"p{number} is {took * 1000:.0f} ms, more than {bound * 1000:.0f} ms."
        return ""

    def worse(self, comparison: Comparison) -> str:
        """The same for what is compared with the deployment that serves now."""
        if self.difference is not None and comparison.difference_rate > self.difference:
            example = f" {comparison.examples[0]}" if comparison.examples else ""
            counted = f"{comparison.differing} of {comparison.compared} answers differ from those before"
            return f"{counted}{_at_most(self.difference)}.{example}"
        new, old = comparison.new.percentile(95), comparison.old.percentile(95)
        if self.slower_by is not None and new is not None and old is not None and new > old * (1 + self.slower_by):
            return f"p95 is {new * 1000:.0f} ms, and {old * 1000:.0f} ms before: more than {self.slower_by:.0%} slower."
        return ""


def parse_rules(text: str, name: str = "rules") -> Rules:
    """A YAML mapping: `errorRate: 1%`, `p95: 500 ms`, `slowerBy: 50%`, `difference: 0`. Raises UserError."""
    value = load_yaml(text, name) if text.strip() else {}
    if not isinstance(value, dict):
        raise UserError(f"{name}: has to be a mapping, with lines like `errorRate: 1%`.")
    for key in value:
        if key not in _NAMES:
            known = listed(_NAMES, len(_NAMES))
            raise UserError(f"{name}: there is no rule {quoted(key)}{nearest(str(key), _NAMES)}: there are {known}.")
    parts = {
        key: _part(value[key], f"{name}: {key}") for key in ("errorRate", "slowerBy", "difference") if key in value
    }
    bounds = {key: _part(value[key], f"{name}: {key}", most=None) for key in ("absolute", "relative") if key in value}
    latencies = {
        int(key[1:]): parse_duration(str(value[key]), f"{name}: {key}") for key in _PERCENTILES if key in value
    }
    return Rules(
        requests=_whole(value.get("requests", 20), f"{name}: requests", _MOST_REQUESTS),
        concurrency=_whole(value.get("concurrency", 1), f"{name}: concurrency", _MOST_AT_ONCE),
        error_rate=parts.get("errorRate", 0.0),
        latencies={number: seconds for number, seconds in latencies.items() if seconds},
        slower_by=parts.get("slowerBy"),
        difference=parts.get("difference"),
        absolute=bounds.get("absolute", 0.0),
        relative=bounds.get("relative", 0.0),
    )


def joined(samples: list[Sample]) -> Sample:
    """All of them as one."""
    faults: dict[str, int] = {}
    for sample in samples:
        for fault, count in sample.faults.items():
            faults[fault] = faults.get(fault, 0) + count
    return Sample(
        requests=sum(sample.requests for sample in samples),
        errors=sum(sample.errors for sample in samples),
        seconds=tuple(second for sample in samples for second in sample.seconds),
        faults=faults,
    )


def _at_most(part: float) -> str:
    return f" (at most {part:.3g} of them may)" if part else ""


def _part(value: Any, name: str, most: float | None = 1000.0) -> float:
    """`1%`, `0.01`."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,12})?(?:e-?\d{1,2})?)\s*(%?)", str(value).strip(), re.ASCII)
    number = float(found[1]) / (100 if found[2] else 1) if found and not isinstance(value, bool) else -1.0
    if number < 0 or (most is not None and number > most):
        raise UserError(f"{name}: {quoted(value)} is no part of something: write for example 1% or 0.01.")
    return number


def _whole(value: Any, name: str, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise UserError(f"{name}: {quoted(value)} is not a whole number from 1 to {most}.")
    return value
