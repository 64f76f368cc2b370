"""What the run's Notebooks tab shows of checks: one JSON file, the files of those that failed, and while the step runs
how far it has come."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from amltasks.report.checks import Check, CheckOutcome, CheckReport
from amltasks.report.checks_wording import summary
from amltasks.report.files import write_whole
from amltasks.report.model import ArtefactKind
from amltasks.report.tab_limits import SIZE_LIMIT
from amltasks.report.tab_names import Attachment, attachment_name
from amltasks.report.tab_records import CHECKS, CHECKS_PROGRESS, TYPE, TabCheck, TabChecks, TabContext, TabFile

MOST_CHECKS = 1000
MOST_FILES = 50  # of all checks together
MESSAGE_LENGTH, DETAILS_LENGTH = 2000, 10_000  # characters
_NUMBERED = re.compile(r"\.(\d+)\.json$")


class CheckTab:
    """Files for the tab in a folder; the attachments that it answers with lie there unchanged from then on."""

    def __init__(self, folder: Path, context: TabContext) -> None:
        self._folder = folder
        self._context = context

    def progress(self, report: CheckReport, current: str) -> Attachment:
        """report: of what is known by now, redacted. current: what is done now. Raises OSError."""
        told = self._told(report, [_check(check, ()) for check in report.checks[:MOST_CHECKS]])
        told = told.model_copy(update={"current": current, "finished_at": None, "verdict": ""})
        return self._written(told, f".{told.number}{CHECKS_PROGRESS}")

    def complete(self, report: CheckReport) -> tuple[Attachment, ...]:
        """In the order to attach them: whoever sees the last one finds the rest. report: redacted. Raises OSError."""
        attachments: list[Attachment] = []
        checks = []
        for number, check in enumerate(report.checks[:MOST_CHECKS], 1):
            files = list(self._files(check, number)) if check.outcome is CheckOutcome.FAILED else []
            files = files[: max(0, MOST_FILES - len(attachments))]
            attachments += [attachment for _, attachment in files if attachment]
            checks.append(_check(check, tuple(file for file, _ in files)))
        told = self._told(report, checks)
        return (*attachments, self._written(told, CHECKS))

    def _told(self, report: CheckReport, checks: list[TabCheck]) -> TabChecks:
        more = len(report.checks) - len(checks)
        return TabChecks(
            number=self._last_number() + 1,
            context=self._context,
            title=report.title,
            verdict=_cut(report.verdict or summary(report), MESSAGE_LENGTH),
            started_at=report.started_at,
            finished_at=report.finished_at,
            cancelled=report.cancelled,
            checks=tuple(checks),
            metrics=report.metrics,
            rollout=report.rollout,
            deployments=report.deployments,
            chain=report.chain,
            notes=(*report.notes, *([f"{more} more checks are in the test results."] if more else [])),
            problems=report.problems,
            facts=report.facts,
        )

    def _files(self, check: Check, number: int) -> Iterator[tuple[TabFile, Attachment | None]]:
        """number: tells checks of one name apart."""
        for file in check.files:
            if not file.path.is_file():
                continue
            size = file.path.stat().st_size
            if size > SIZE_LIMIT:
                note = "Too large for the tab: it lies in the results folder."
                yield TabFile(kind=ArtefactKind.LOG, name=file.name, attachment="", size=size, note=note), None
                continue
            # Never an ending that means something to the tab, whatever a request is called.
            name = attachment_name(self._context, f"{number}", check.name, file.name, ending=".txt")
            told = TabFile(kind=ArtefactKind.LOG, name=file.name, attachment=name, size=size, note=file.note)
            yield told, Attachment(TYPE, name, file.path)

    def _last_number(self) -> int:
        """Of the states that are there, a former try's among them."""
        found = [_NUMBERED.search(path.name) for path in self._folder.glob("*.json")]
        return max((int(match[1]) for match in found if match), default=0)

    def _written(self, told: TabChecks, ending: str) -> Attachment:
        name = attachment_name(self._context, ending=ending)
        # A file of its own for each state, as the agent reads it only after a while.
        path = self._folder / attachment_name(self._context, ending=f".{told.number}.json")
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, told.model_dump_json(by_alias=True) + "\n")
        return Attachment(TYPE, name, path)


def _check(check: Check, files: tuple[TabFile, ...]) -> TabCheck:
    return TabCheck(
        name=check.name,
        group=check.group,
        outcome=check.outcome,
        message=_cut(check.message, MESSAGE_LENGTH),
        details=_cut(check.details, DETAILS_LENGTH),
        started_at=check.started_at,
        duration=check.duration,
        files=files,
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}…"
