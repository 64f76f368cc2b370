"""What will run: the notebooks selected, with the settings of each, times its parameter sets.

What is wrong with one notebook (its file, its settings, its parameters) becomes the result of that notebook; the
others run. What is wrong with the request raises UserError.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from amltasks.errors import UserError
from amltasks.kernels.preload import choose
from amltasks.notebooks.folders import make_run_folders
from amltasks.notebooks.parameter_cell import check_parameters
from amltasks.notebooks.parameters import ParameterSet
from amltasks.notebooks.reading import read_notebook
from amltasks.notebooks.selection import select_notebooks
from amltasks.notebooks.settings import RepositorySettings, Settings
from amltasks.platforms.base import NotebookRun
from amltasks.report.model import NotebookResult, Outcome
from amltasks.requests import Platform, RunNotebooksRequest

MAX_RUN_ID = 80

_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9._=-]+")
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: devices, whatever extension follows
_WINDOWS_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?:\.|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Plan:
    """runs: all of them, in the order in which they are shown. settled: by run_id, the results of those that need not
    start. notes: by run_id, what a person should know about a run, to be added to its result. preload: modules that the
    notebooks import, and that any kernel may find imported."""

    runs: tuple[NotebookRun, ...]
    settled: dict[str, NotebookResult] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    preload: tuple[str, ...] = ()


def plan_runs(request: RunNotebooksRequest) -> Plan:
    """The plan for a request; makes an empty folder for every run. Raises UserError for what concerns all notebooks."""
    repository = RepositorySettings(request.root)
    plan = Plan(runs=())
    runs: list[NotebookRun] = []
    run_ids: dict[str, str] = {}
    preload: set[str] = set()
    for path in select_notebooks(request.notebooks, request.root):
        fault = ""
        notebook: NotebookNode | None = None
        settings = Settings()
        try:
            notebook = read_notebook(path, request.root)
            settings = repository.of(path)
        except UserError as error:
            fault = str(error)
        if notebook is not None:
            preload.update(choose(cell.source for cell in notebook.cells if cell.cell_type == "code"))
        for parameter_set in _sets(request, settings):
            run = _run(request, path, settings, parameter_set, run_ids)
            runs.append(run)
            try:
                notes = check_parameters(notebook, run.parameters) if notebook is not None and not fault else ()
            except UserError as error:
                plan.settled[run.run_id] = run.result(Outcome.INVALID, str(error))
                continue
            plan.notes[run.run_id] = (*settings.notes, *notes)
            if fault:
                plan.settled[run.run_id] = run.result(Outcome.INVALID, fault)
            elif request.platform is Platform.AGENT and (unmet := _unmet(run, settings)):
                plan.settled[run.run_id] = run.result(Outcome.KERNEL_MISSING, unmet)
    make_run_folders(request.output_folder, (run.run_id for run in runs))
    return Plan(tuple(runs), plan.settled, plan.notes, tuple(sorted(preload)))


def _sets(request: RunNotebooksRequest, settings: Settings) -> tuple[ParameterSet, ...]:
    return request.parameter_sets or settings.parameter_sets or (ParameterSet(name="", parameters={}),)


def _run(
    request: RunNotebooksRequest,
    path: Path,
    settings: Settings,
    parameter_set: ParameterSet,
    taken: dict[str, str],
) -> NotebookRun:
    notebook = _printable_path(path.relative_to(request.root).as_posix())
    run_id = _unique(run_id_for(notebook, parameter_set.name), f"{notebook}\n{parameter_set.name}", taken)
    # Sets come after all parameters of the same source, and what the request says after what the repository says.
    own_set, asked_set = ({}, parameter_set.parameters) if request.parameter_sets else (parameter_set.parameters, {})
    parameters: dict[str, Any] = {**settings.parameters, **own_set, **request.parameters, **asked_set}
    return NotebookRun(
        run_id=run_id,
        source=path,
        notebook=notebook,
        parameter_set=parameter_set.name,
        parameters=parameters,
        environment=request.secret_parameters,
        secrets=request.secret_parameters,
        python=settings.python or interpreter_of(request),
        kernel=settings.kernel or request.kernel,
        working_directory=settings.working_directory or request.working_directory or path.parent,
        cell_timeout=settings.cell_timeout if "cell_timeout" in settings.said else request.cell_timeout,
        notebook_timeout=settings.timeout if "timeout" in settings.said else request.notebook_timeout,
        limits=request.limits.model_copy(update=settings.limits),
        expected_outcome=settings.expected_outcome,
        owner=settings.owner,
        files=settings.files,
        requirements=settings.requirements,
        reuse=request.reuse if settings.reuse is None else settings.reuse,
        variables=settings.variables,
        folder=request.output_folder / run_id,
    )


def interpreter_of(request: RunNotebooksRequest) -> str:
    """A path starts from the root, as all paths of users do; a plain name is looked for on PATH."""
    is_path = "/" in request.python or os.sep in request.python
    return str(request.root / request.python) if is_path else request.python


def _unmet(run: NotebookRun, settings: Settings) -> str:
    if not settings.requirements:
        return ""
    # Imported here: most runs have no use for them, and need not wait.
    from amltasks.notebooks.kernels import KernelMissingError, find_interpreter
    from amltasks.notebooks.pip_requirements import unmet_requirements

    try:
        interpreter = find_interpreter(run.python, os.environ, run.working_directory)
    except KernelMissingError:
        return ""  # said better by the platform that starts the kernel
    return unmet_requirements(interpreter.executable, settings.requirements)


def run_id_for(notebook: str, parameter_set: str) -> str:
    """A name for files from a notebook's path and set, the same in every build: `notebooks.train--weak`.

    At most 80 characters, of which every file system takes every one; where something had to be left out or changed,
    a digest keeps different ones apart.
    """
    parts = notebook.removesuffix(".ipynb").split("/")
    plain = "--".join(filter(None, (".".join(parts), parameter_set)))
    folded = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    name = _NOT_IN_FILE_NAMES.sub("-", folded).strip("-. ")
    if _WINDOWS_DEVICE.match(name) or not name:
        name = f"notebook-{name}"
    is_told_apart = plain.count("--") == bool(parameter_set) and not any("." in part for part in parts)
    if name == plain and is_told_apart and len(name) <= MAX_RUN_ID:
        return name
    return _with_digest(name, f"{notebook}\n{parameter_set}")


def _with_digest(name: str, identity: str) -> str:
    digest = hashlib.sha256(identity.encode()).hexdigest()[:8]
    return f"{name[: MAX_RUN_ID - 9].rstrip('-. ')}-{digest}"


def _unique(run_id: str, identity: str, taken: dict[str, str]) -> str:
    """The id, or one with a digest where another run has one that differs in capitals only."""
    if taken.setdefault(run_id.casefold(), identity) == identity:
        return run_id
    return _with_digest(run_id, identity)


def _printable_path(path: str) -> str:
    """The path as text that can be stored: bytes of a name that are no UTF-8 are written as \\xNN."""
    return os.fsencode(path).decode("utf-8", "backslashreplace") if sys.platform != "win32" else path
