"""What has been done of a rollout, for people: its moves, checks, notes, logs of what failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from amltasks.platforms.endpoints import Endpoint, Tell
from amltasks.report.checks import Check, CheckFile, CheckOutcome, RolloutMove

GROUP = "Rollout"
_SHOWN_LINES = 20  # of a log, with the check


class Record:
    """now: the clock. folder: for logs, made when there is one; redact: takes secrets out of them.

    moved: called after each move, and when one begins that takes long, in whose thread it was made.
    """

    def __init__(
        self,
        tell: Tell,
        folder: Path,
        now: Callable[[], datetime],
        redact: Callable[[str], str],
        moved: Callable[[], None],
    ) -> None:
        self._tell = tell
        self._folder = folder
        self._redact = redact
        self._moved = moved
        self.now = now
        self.checks: list[Check] = []
        self.moves: list[RolloutMove] = []
        self.deployments: dict[str, str] = {}  # what each serves
        self.notes: list[str] = []

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)
        self._tell(sentence)

    def begin(self, sentence: str) -> None:
        """What takes long and is done now."""
        self._tell(sentence)
        self._moved()

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

    def look(self, endpoint: Endpoint) -> None:
        """Remembers what its deployments serve, also when they are gone."""
        self.deployments |= {each.name: ", ".join(each.models) for each in endpoint.deployments}

    def move(
        self,
        step: str,
        traffic: Mapping[str, int],
        verdict: str,
        begun_at: datetime,
        *,
        good: bool = True,
        requests: int = 0,
        error_rate: float | None = None,
        p95: float | None = None,
    ) -> None:
        """One that is over; see RolloutMove."""
        now = self.now()
        move = RolloutMove(
            at=now,
            step=step,
            traffic=dict(traffic),
            good=good,
            requests=requests,
            error_rate=error_rate,
            p95=p95,
            verdict=verdict,
            duration=(now - begun_at).total_seconds(),
        )
        self.moves.append(move)
        self._tell(f"{step}: {verdict} ({move.shares})")
        self._moved()

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
