"""Publishing to a service that takes its time: our publisher, and the same requests one after the other.

The sandbox plays the service here; `python -m benchmark.publishing` is the process that publishes.
"""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from environment import ROOT

from benchmark.programs import Interpreters, Program, Start

SECONDS_A_REQUEST = 0.05
ATTACHED = b"An attachment of a notebook.\n" * 40


def program(way: str, results: int) -> Program:
    """way: `together`, as the task publishes, or `apart`, one request after the other."""

    def start(interpreters: Interpreters, folder: Path) -> Start:
        sys.path.insert(0, str(ROOT))
        from amltasks.devops.pipeline import PipelineContext
        from amltasks.report.test_run import TestRunOptions
        from sandbox.faults import Fault
        from sandbox.server import Server
        from sandbox.world import World

        world = World.open()
        world.faults.add(Fault(delay=SECONDS_A_REQUEST))
        build = world.builds.create(
            "notebooks", source_branch="refs/heads/main", source_version="0" * 40, repository="bench"
        )
        server = Server(world)
        server.start()
        variables = {
            "System.TeamProject": world.project.name,
            "Build.BuildId": str(build.id),
            "Build.BuildUri": build.uri,
        }
        options = TestRunOptions(
            url=server.collection_url,
            token=world.tokens.issue("bench"),
            pipeline=PipelineContext.from_variables(variables),
            patience=3600,
        )
        (folder / "options.json").write_text(options.model_dump_json(), encoding="utf-8")
        (folder / "attached.txt").write_bytes(ATTACHED)

        def published() -> list[Any]:
            (run,) = world.tests.all()
            return [run.state, sorted(_result(world, run.id, result) for result in world.tests.results(run.id))]

        def close() -> None:
            server.stop()
            world.close()

        command = [str(interpreters.ours), "-m", "benchmark.publishing", way, str(results)]
        return Start(command, published, environment={"PYTHONPATH": str(ROOT / "scripts")}, close=close)

    return start


def difference(ours: Any, theirs: Any) -> str:
    return "" if ours == theirs else "other results or attachments were published"


def _result(world: Any, run: int, result: Any) -> tuple[Any, ...]:
    attached = [
        (each.file_name, world.tests.attachment(run, each.id)[1]) for each in world.tests.attachments(run, result.id)
    ]
    return result.automated_test_name, result.outcome, sorted(attached)


def _publish(way: str, count: int) -> None:
    """In the process that is measured; in its folder are the options and the file to attach."""
    from amltasks.report.model import Report
    from amltasks.report.test_run import TestRunOptions

    options = TestRunOptions.model_validate_json(Path("options.json").read_bytes())
    results = [_notebook_result(number) for number in range(count)]
    now = datetime.now(timezone.utc)
    report = Report(title="Notebooks", results=tuple(results), started_at=now, finished_at=now)
    (_together if way == "together" else _apart)(options, report)


def _together(options: Any, report: Any) -> None:
    from amltasks.platforms.base import NotebookRun
    from amltasks.report.test_run import TestRunPublisher

    here = Path()
    runs = [
        NotebookRun(run_id=each.run_id, source=here, notebook=each.notebook, working_directory=here, folder=here)
        for each in report.results
    ]
    publisher = TestRunPublisher(options)
    publisher.begin(report.title, runs)
    for run, result in zip(runs, report.results, strict=True):
        publisher.finished(run, result)
    publisher.complete(report)
    if publisher.problems():
        raise SystemExit("\n".join(publisher.problems()))


def _apart(options: Any, report: Any) -> None:
    from amltasks.devops.attachments import plan_attachments
    from amltasks.devops.client import Client
    from amltasks.devops.entries import NotebookEntry
    from amltasks.devops.pacing import Pace
    from amltasks.devops.run_writer import RunWriter

    pace = Pace()
    with Client(options.url, options.token, pace) as client:
        writer = RunWriter(client, options.pipeline, report.title, report.started_at)
        writer.open()
        for result in report.results:
            planned = plan_attachments(result.artefacts, Path("scratch"), pace)
            written = writer.write([NotebookEntry(result.title, result, planned.notes)])
            for attachment in planned.attachments:
                result_id = written[result.title]
                if not isinstance(result_id, int):
                    raise result_id
                writer.attach(result_id, attachment)
        writer.close(client, report.finished_at, cancelled=False)


def _notebook_result(number: int) -> Any:
    from amltasks.report.model import Artefact, ArtefactKind, NotebookResult, Outcome

    name = f"notebook-{number:04}"
    attached = Artefact(kind=ArtefactKind.IMAGE, path=Path("attached.txt"), name=f"{name}.txt")
    return NotebookResult(
        run_id=name, notebook=f"{name}.ipynb", outcome=Outcome.PASSED, cells=(), artefacts=(attached,)
    )


if __name__ == "__main__":
    _publish(sys.argv[1], int(sys.argv[2]))
