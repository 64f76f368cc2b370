"""The runner in a job: executes its one notebook as the agent would, and leaves what the agent makes its report of.

The job's environment variable AMLTASKS_RUN holds the `NotebookRun`, with paths from the job's folder. What happens is
told in the job's log: events as marked lines, see `wire`, and what cells print as it is. `outputs/notebook` holds what
an agent's run leaves, and `result.json`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import datetime, timezone
from pathlib import Path

from amltasks.agent.neutral import neutralise
from amltasks.cancellation import cancel_on_signals
from amltasks.notebooks.pip_requirements import unmet_requirements
from amltasks.notebooks.results import unstarted
from amltasks.notebooks.wire import Told, line
from amltasks.platforms.base import NotebookRun, OutputText, RunEvent, Stop
from amltasks.platforms.local.compute import LocalCompute
from amltasks.report.model import NotebookResult, Outcome

VARIABLE = "AMLTASKS_RUN"
FOLDER = Path("outputs/notebook")  # Azure ML keeps what a job writes below outputs/
RESULT = "result.json"
MARK = "amltasks"
OUTPUT_VARIABLE = "AZURE_ML_OUTPUT_"


def main() -> int:
    """arguments: the environment's interpreter, then name and folder of each named output."""
    python, *outputs = sys.argv[1:]
    run = here(NotebookRun.model_validate_json(os.environ.pop(VARIABLE)), python)
    for name, folder in zip(outputs[::2], outputs[1::2], strict=True):
        Path(folder).mkdir(parents=True, exist_ok=True)
        os.environ[f"{OUTPUT_VARIABLE}{name}"] = str(Path(folder).absolute())
    run.folder.mkdir(parents=True, exist_ok=True)
    result = asyncio.run(_executed(run))
    (run.folder / RESULT).write_text(result.model_dump_json(by_alias=True), "utf-8")
    return 0 if result.ok else 1


def here(run: NotebookRun, python: str) -> NotebookRun:
    """The run with the paths of this job."""
    folder = Path.cwd()
    return run.model_copy(
        update={
            "source": folder / run.source,
            "working_directory": folder / run.working_directory,
            "folder": folder / run.folder,
            "python": run.python or python,
        }
    )


async def _executed(run: NotebookRun) -> NotebookResult:
    started_at = datetime.now(timezone.utc)
    if run.requirements and (unmet := unmet_requirements(run.python, run.requirements)):
        return unstarted(run, Outcome.KERNEL_MISSING, unmet, started_at)
    stop = Stop()
    with cancel_on_signals(stop):
        return await LocalCompute().run(run, tell, stop)


def tell(event: RunEvent) -> None:
    """An event as a part of the job's log. Text of cells is without control characters: it passes for no event."""
    if isinstance(event, OutputText):
        written = neutralise(event.text).encode("utf-8", "backslashreplace") + b"\n"
    else:
        written = line(MARK, Told(event=event))
    sys.stdout.buffer.write(written)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
