"""What a job has left becomes the result of its run, in the run's folder here, as if the notebook had run here.

The job knew no secrets of the agent: what it left passes redaction now, before anybody sees it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4.rwbase import rejoin_lines
from pydantic import ValidationError

from amltasks.notebooks.encoding import notebook_json
from amltasks.notebooks.outputs import FOLDER as OUTPUTS
from amltasks.notebooks.outputs import has_left
from amltasks.notebooks.records import CellRecord, RunEnding
from amltasks.notebooks.results import LOG, artefacts_of, result_of
from amltasks.notebooks.saving import EXECUTED, recover, replace_file
from amltasks.platforms.azureml.inside import RESULT
from amltasks.platforms.base import NotebookRun
from amltasks.redaction import Redactor
from amltasks.report.model import NotebookResult


def collect(left: Path, run: NotebookRun) -> NotebookResult | None:
    """The result that the job has left; None where it did not come so far.

    left: the job's folder, downloaded. What belongs to the result goes into `run.folder`. Raises OSError.
    """
    redactor = Redactor(run.secrets)
    try:
        found = NotebookResult.model_validate(redactor.value(json.loads((left / RESULT).read_bytes())))
    except (FileNotFoundError, ValueError, ValidationError):
        return None
    notebook = _taken_over(left, run.folder, redactor)
    if has_left(left):
        shutil.copytree(left / OUTPUTS, run.folder / OUTPUTS, dirs_exist_ok=True)
    artefacts, problems = artefacts_of(notebook, run.folder) if notebook else ((), [])
    return found.model_copy(
        update={
            "run_id": run.run_id,
            "notebook": run.notebook,
            "parameter_set": run.parameter_set,
            "parameters": redactor.value(run.parameters),
            "expected_outcome": run.expected_outcome,
            "owner": run.owner,
            "folder": run.folder,
            "artefacts": artefacts,
            "notes": (*found.notes, *problems),
            "leaks": tuple(sorted({*found.leaks, *redactor.found})),
        }
    )


def rescue(
    left: Path, run: NotebookRun, ending: RunEnding, started_at: datetime, notes: Sequence[str]
) -> NotebookResult | None:
    """The result of a job that ended without leaving one: of the cells that were saved. None where none were.

    ending: why no further cell was executed. Raises OSError.
    """
    redactor = Redactor(run.secrets)
    recovered = recover(left) if (left / EXECUTED).is_file() else None
    if recovered is None:
        return None
    notebook = _taken_over(left, run.folder, redactor) or recovered.notebook
    records = [CellRecord.model_validate(redactor.value(each.model_dump(mode="json"))) for each in recovered.records]
    return result_of(run, notebook, recovered.indices, records, ending, started_at=started_at, notes=notes)


def _taken_over(left: Path, folder: Path, redactor: Redactor) -> NotebookNode | None:
    """Notebook and log, redacted, in the run's folder; the notebook. Where nothing was found they stay as they were."""
    log = left / LOG
    if log.is_file():
        (folder / LOG).write_text(redactor.text(log.read_text("utf-8", "replace")), "utf-8")
    try:
        content = (left / EXECUTED).read_bytes()
        notebook = nbformat.from_dict(json.loads(content))
        rejoin_lines(notebook)
    except (FileNotFoundError, ValueError):
        return None
    if redactor.notebook(notebook):
        replace_file(folder / EXECUTED, notebook_json(notebook))
    else:
        shutil.copyfile(left / EXECUTED, folder / EXECUTED)
    return notebook
