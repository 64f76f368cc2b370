"""`results.json`: the whole report for programs, in the documented form of `amltasks.report.model.Report`."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from amltasks.errors import UserError
from amltasks.quoting import quoted
from amltasks.report.files import write_whole
from amltasks.report.model import Report
from amltasks.report.publisher import Publisher

NAME = "results.json"


class ResultsFile(Publisher):
    """Writes the report into a folder when all is over. Names are camelCase; NaN and infinities are null."""

    name = "Results file"

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME

    def complete(self, report: Report, deadline: float | None = None) -> None:
        write_whole(self.path, report.model_dump_json(by_alias=True, indent=2) + "\n")

    def links(self) -> dict[str, str]:
        return {"Results file": str(self.path)}


def read_results(place: Path) -> Report:
    """The report of an earlier command, from its file or the folder with it. Raises UserError where there is none."""
    path = place / NAME if place.is_dir() else place
    try:
        return Report.model_validate_json(path.read_bytes())
    except ValidationError:
        raise UserError(f"{quoted(path)} is not the {NAME} of notebooks that were run.") from None
    except OSError as error:
        raise UserError(f"{quoted(path)} cannot be read: {error.strerror}.") from None
