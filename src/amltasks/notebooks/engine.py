"""The papermill engine: papermill prepares and describes the notebook, `execution` executes it.

Import papermill before this module: papermill loads registered engines while it is imported itself.
"""

from __future__ import annotations

import os
import secrets
import sys
from itertools import takewhile
from pathlib import Path
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4.rwbase import rejoin_lines
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from papermill.log import logger

from amltasks.kernels.command import KernelCommand
from amltasks.notebooks import processes
from amltasks.notebooks.cells import is_executed
from amltasks.notebooks.execution import Execution
from amltasks.notebooks.kernels import Kernel, choose_kernel, installed
from amltasks.notebooks.records import CellRecord, EndingReason

ENGINE = "amltasks"


class NotebookEngine(Engine):  # type: ignore[misc]
    """Executes through an `Execution` given as keyword; under papermill's own command line through one of its own."""

    @classmethod
    def execute_notebook(cls, nb: NotebookNode, kernel_name: str, **options: Any) -> NotebookNode:
        executed = super().execute_notebook(nb, kernel_name, **options)
        # papermill calls every cell completed that it did not see fail, also those that were never reached.
        if any(is_executed(cell) and not _started(cell) for cell in executed.cells):
            for cell in takewhile(lambda cell: not _started(cell), reversed(executed.cells)):
                cell.metadata.papermill["status"] = NotebookExecutionManager.PENDING
        return executed

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        execution: Execution | None = None,
        execution_timeout: float | None = None,
        **_: Any,
    ) -> None:
        if execution is not None:
            execution.run(nb_man)
            return
        execution = _under_papermill(nb_man, kernel_name, execution_timeout)
        execution.run(nb_man)
        rejoin_lines(nb_man.nb)  # long outputs are in blocks
        processes.end_all(execution.marker, of_ours=False)
        if execution.ending.reason in {EndingReason.DIED, EndingReason.NOT_STARTED}:
            raise DeadKernelError(f"Kernel died {execution.ending.detail}".strip())
        if execution.ending.reason is EndingReason.CELL_TIMEOUT:
            raise CellTimeoutError(f"A cell took longer than {execution_timeout:g} seconds.")


def _started(cell: NotebookNode) -> bool:
    return bool(cell.metadata.papermill.get("start_time"))


def register() -> str:
    """Makes the engine known to papermill, also where no installed package does; its name."""
    papermill_engines.register(ENGINE, NotebookEngine)
    return ENGINE


class _PapermillLog:
    """An observer that writes to papermill's log and nothing else."""

    def kernel_started(self, kernel: Kernel, cells: int) -> None:
        logger.info("Kernel: %s, %d cells", kernel.label, cells)

    def note(self, text: str) -> None:
        logger.warning(text)

    def cell_started(self, position: int, number: int) -> None: ...
    def cell_finished(self, number: int, record: CellRecord) -> None: ...
    def show(self, text: str, stream: str) -> None: ...
    def tick(self) -> None: ...

    def last_output(self) -> str:
        return ""


def _under_papermill(manager: NotebookExecutionManager, kernel_name: str, timeout: float | None) -> Execution:
    folder = Path.cwd()
    return Execution(
        kernel=_named(kernel_name, manager.nb, folder),
        working_directory=folder,
        environment={},
        marker=secrets.token_hex(16),
        cell_timeout=timeout,
        notebook_timeout=None,
        observer=_PapermillLog(),
    )


def _named(name: str, notebook: NotebookNode, folder: Path) -> Kernel:
    """The installed kernel that papermill names, an IPython one started our way; as a task chooses where there is none.

    `python` in its command is this interpreter, as everywhere in Jupyter.
    """
    found = installed(name, os.environ)
    command = KernelCommand.parse(found.argv) if found else None
    if found and not command:
        return found
    python = command.interpreter if command else ""
    python = sys.executable if python in {"python", "python3"} else python
    environment = found.environment if found else os.environ
    return choose_kernel(notebook, python=python, kernel="", environment=environment, folder=folder)
