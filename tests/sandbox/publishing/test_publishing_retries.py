"""A task that is tried again (retryCountOnTaskFailure) goes on with the run of the first try."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import pytest

from amltasks.devops.pipeline import PipelineContext
from amltasks.report.model import ArtefactKind, Outcome
from sandbox.faults import Fault
from tests.sandbox.publishing.scene import Scene, notebook_result


def test_a_retry_brings_the_results_up_to_date(scene: Scene, conforms: Callable[[Iterable[Scene]], str]) -> None:
    """Runs of a failed try stay; nothing is doubled, and no trace of the failure stays."""
    scene.publish([notebook_result(1), notebook_result(2, Outcome.FAILED)])
    publisher = scene.publish([notebook_result(1), notebook_result(2)])

    assert publisher.problems() == ()
    (run,) = scene.runs
    assert run.state == "Completed"
    first, second = scene.world.tests.results(run.id)
    assert (first.outcome, second.outcome) == ("Passed", "Passed")
    assert not second.error_message
    assert not second.stack_trace
    assert [cell.outcome for cell in second.sub_results] == ["Passed"] * 3
    assert conforms([scene]).endswith("failed 0, unknown 0")


def test_files_of_a_retry_do_not_pass_for_those_of_the_first_try(scene: Scene) -> None:
    """Attachments cannot be replaced; those of the retry carry its time in their names."""
    for content in (b"first", b"second"):
        file = scene.artefact(ArtefactKind.NOTEBOOK, "n.ipynb", content)
        publisher = scene.publish([notebook_result(artefacts=(file,))])

    assert publisher.problems() == ()
    (result,) = scene.world.tests.results(1)
    contents = scene.contents(1, result.id or 0)
    assert contents.pop("n.ipynb") == b"first"
    ((name, content),) = contents.items()
    assert content == b"second"
    assert name.startswith("n (")
    assert name.endswith(").ipynb")


def test_results_that_the_first_try_did_not_come_to_are_added(scene: Scene) -> None:
    """The first try died before it closed its run: the run is open and is continued."""
    scene.world.faults.add(Fault(method="PATCH", path="*/runs/1", status=403, nth=1))
    scene.publish([notebook_result(1)])

    publisher = scene.publish([notebook_result(1), notebook_result(2)])

    assert publisher.problems() == ()
    (run,) = scene.runs
    assert run.state == "Completed"
    assert len(scene.world.tests.results(run.id)) == 2


def test_a_process_that_was_killed_while_it_published(scene: Scene) -> None:
    """Whatever it had come to, the retry completes: every result once, with a file."""
    scene.world.faults.add(Fault(method="POST", path="*/attachments", delay=0.1))
    file = scene.artefact(ArtefactKind.IMAGE, "file.bin", b"content")
    with scene.publishing_process(file.path, 30):
        end = time.monotonic() + 60
        while len(scene.requests("POST", "*/attachments")) < 8 and time.monotonic() < end:
            time.sleep(0.01)

    with scene.publishing_process(file.path, 30) as retry:
        output, errors = retry.communicate(timeout=120)

    assert output.startswith("()"), errors
    (run,) = scene.runs
    results = scene.world.tests.results(run.id)
    assert run.state == "Completed"
    assert len({each.automated_test_name for each in results}) == len(results) == 30
    assert all(scene.contents(run.id, each.id or 0) for each in results)


def test_where_a_closed_run_takes_no_more_results_another_takes_its_place(scene: Scene) -> None:
    """Whether a completed run takes results is nowhere documented; where not, nothing is lost and the run says why."""
    scene.publish([notebook_result(1)])
    publisher = scene.publish([notebook_result(1), notebook_result(2)])

    assert publisher.problems() == ()
    assert publisher.run_id == 2
    names = [each.automated_test_name for each in scene.world.tests.results(2)]
    assert "notebooks/n0002.ipynb" in names
    assert "takes its place" in (scene.runs[1].request.comment or "")

    third = scene.publish([notebook_result(2)])

    assert third.run_id == 2


@pytest.mark.parametrize(
    "change",
    [{"System.JobAttempt": "2"}, {"System.TaskInstanceId": "0" * 36}, {"System.JobId": "another leg of a matrix"}],
    ids=lambda change: next(iter(change)),
)
def test_another_run_of_the_job_or_another_task_has_its_own_run(scene: Scene, change: dict[str, str]) -> None:
    """Only a retry of the same task in the same job is the same invocation."""
    scene.publish([notebook_result()])
    scene.publish([notebook_result()], pipeline=PipelineContext.from_variables({**scene.variables(), **change}))

    assert [run.state for run in scene.runs] == ["Completed", "Completed"]
    assert [len(scene.world.tests.results(run.id)) for run in scene.runs] == [1, 1]
