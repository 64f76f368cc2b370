"""JUnit XML as the agent's own publisher reads it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sandbox.agent.errors import StepError

_ATTACHMENT = re.compile(r"\[\[ATTACHMENT\|([^\]|]+)\]\]")


@dataclass(frozen=True)
class Case:
    """duration: milliseconds. outcome: Passed, Failed or NotExecuted. attachments: files named by `[[ATTACHMENT|path]]`."""

    title: str
    full_name: str
    storage: str
    outcome: str
    duration: float
    message: str = ""
    stack: str = ""
    console: str = ""
    errors: str = ""
    attachments: tuple[Path, ...] = ()


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
    return ResultFile(path, name, started, tuple(case for suite in suites for case in _cases(suite, path.parent)))


def _cases(suite: ElementTree.Element, folder: Path) -> Iterator[Case]:
    for node in suite.findall("testcase"):
        title = node.get("name", "")
        storage = node.get("classname") or suite.get("name") or ""
        problem = next((found for found in (node.find("failure"), node.find("error")) if found is not None), None)
        console, errors = (node.findtext(tag, "") for tag in ("system-out", "system-err"))
        skipped = node.find("skipped")
        reason = skipped if skipped is not None else problem
        yield Case(
            title=title,
            full_name=f"{storage}.{title}" if storage else title,
            storage=storage,
            outcome="NotExecuted" if skipped is not None else "Failed" if problem is not None else "Passed",
            duration=float(node.get("time") or 0) * 1000,
            message="" if reason is None else reason.get("message") or (reason.text or "").strip(),
            stack="" if problem is None else (problem.text or "").strip(),
            console=_ATTACHMENT.sub("", console).strip(),
            errors=errors.strip(),
            attachments=tuple(folder / found.strip() for found in _ATTACHMENT.findall(console)),
        )


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None


def _invalid(path: Path) -> str:
    return (
        f"Invalid results file. Make sure the result format of the file '{path}' matches 'JUnit' test results format."
    )
