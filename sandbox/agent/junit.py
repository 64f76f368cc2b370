"""JUnit XML as the agent's own publisher reads it.

A result's name is the test case's name alone, its storage the class name; output is kept of failed cases only; the
marks `[[ATTACHMENT|path]]` that other servers know mean nothing to it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sandbox.agent.errors import StepError


@dataclass(frozen=True)
class Case:
    """duration: milliseconds. outcome: Passed, Failed or NotExecuted. console, errors: output of a failed case."""

    title: str
    storage: str
    host: str
    outcome: str
    duration: float
    message: str = ""
    stack: str = ""
    console: str = ""
    errors: str = ""


@dataclass(frozen=True)
class ResultFile:
    path: Path
    name: str
    started: datetime | None
    cases: tuple[Case, ...]


def read(path: Path) -> ResultFile:
    """StepError where the file is missing or is no JUnit XML."""
    try:
        root = ElementTree.parse(path).getroot()
    except OSError as error:
        raise StepError(f"{path}: {error.strerror}") from error
    except ElementTree.ParseError as error:
        raise StepError(_invalid(path)) from error
    if root.tag not in ("testsuites", "testsuite"):
        raise StepError(_invalid(path))
    suites = [root] if root.tag == "testsuite" else list(root.iter("testsuite"))
    name = next((suite.get("name", "") for suite in (root, *suites) if suite.get("name")), path.stem)
    started = next((_time(suite.get("timestamp", "")) for suite in suites if suite.get("timestamp")), None)
    return ResultFile(path, name, started, tuple(case for suite in suites for case in _cases(suite)))


def _cases(suite: ElementTree.Element) -> Iterator[Case]:
    for node in suite.findall("testcase"):
        if not node.get("name"):
            continue
        problem = next((found for found in (node.find("failure"), node.find("error")) if found is not None), None)
        skipped = node.find("skipped") if problem is None else None
        reason = problem if problem is not None else skipped
        yield Case(
            title=node.get("name", ""),
            storage=node.get("classname", ""),
            host=suite.get("hostname", ""),
            outcome="Failed" if problem is not None else "NotExecuted" if skipped is not None else "Passed",
            duration=_milliseconds(node.get("time", "")),
            message="" if reason is None else reason.get("message", ""),
            stack="" if problem is None else (problem.text or "").strip(),
            console="" if problem is None else node.findtext("system-out", "").strip(),
            errors="" if problem is None else node.findtext("system-err", "").strip(),
        )


def _milliseconds(text: str) -> float:
    try:
        seconds = float(text or 0)
    except ValueError:
        return 0
    return seconds * 1000 if 0 <= seconds < float("inf") else 0


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None


def _invalid(path: Path) -> str:
    return (
        f"Invalid results file. Make sure the result format of the file '{path}' matches 'JUnit' test results format."
    )
