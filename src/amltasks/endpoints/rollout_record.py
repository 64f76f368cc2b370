"""What has been done of a rollout, for people: checks, a table with a row for each step, notes, logs of what failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from amltasks.platforms.endpoints import Tell
from amltasks.report.checks import Check, CheckFile, CheckOutcome

GROUP = "Rollout"
HEADS = ("Time", "Step", "Traffic", "Requests", "Errors", "p95", "Verdict")
_SHOWN_LINES = 20  # of a log, with the check


class Record:
    """now: the clock. folder: for logs, made when there is one; redact: takes secrets out of them."""

    def __init__(self, tell: Tell, folder: Path, now: Callable[[], datetime], redact: Callable[[str], str]) -> None:
        self._tell = tell
        self._folder = folder
        self._redact = redact
        self.now = now
        self.checks: list[Check] = []
        self.rows: list[tuple[str, ...]] = []
        self.notes: list[str] = []

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)
        self._tell(sentence)

    def add(self, *checks: Check) -> None:
        self.checks.extend(checks)

    def check(self, name: str, good: bool, message: str, begun_at: datetime, files: tuple[CheckFile, ...] = ()) -> None:
        """One of the rollout itself. files: see `files`; their last lines are shown with it."""
        lines = [line for file in files for line in file.path.read_text(encoding="utf-8").splitlines()[-_SHOWN_LINES:]]
        self.add(
            Check(
                name=name,
                group=GROUP,
                outcome=CheckOutcome.PASSED if good else CheckOutcome.FAILED,
                message=message,
                details="\n".join(lines),
                started_at=begun_at,
                duration=(self.now() - begun_at).total_seconds(),
                files=files,
            )
        )

    def row(
        self,
        step: str,
        traffic: Mapping[str, int],
        verdict: str,
        *,
        requests: int = 0,
        error_rate: float | None = None,
        p95: float | None = None,
    ) -> None:
        """traffic: percent by deployment. error_rate: 0 to 1. p95: seconds."""
        shares = ", ".join(f"{name} {share} %" for name, share in traffic.items()) or "none"
        self.rows.append(
            (
                self.now().strftime("%H:%M:%S"),
                step,
                shares,
                str(requests or ""),
                "" if error_rate is None else f"{error_rate:.1%}",
                "" if p95 is None else f"{p95 * 1000:.0f} ms",
                verdict,
            )
        )
        self._tell(f"{step}: {verdict} ({shares})")

    def files(self, deployment: str, **texts: str) -> tuple[CheckFile, ...]:
        """What the container of one that failed, and the place, have to say; by kind."""
        files = []
        for kind, text in texts.items():
            if text:
                self._folder.mkdir(parents=True, exist_ok=True)
                path = self._folder / f"{deployment}-{kind}.txt"
                path.write_text(self._redact(text), encoding="utf-8")
                files.append(CheckFile(path=path, name=path.name))
        return tuple(files)
