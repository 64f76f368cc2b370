"""A report becomes a test run, as the agent would have written it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import pytest

from amltasks.report.model import ArtefactKind, Outcome
from sandbox.faults import Fault
from tests.sandbox.publishing.scene import Scene, notebook_result


def test_a_run_with_a_result_for_each_notebook_and_its_files_on_it(
    scene: Scene, conforms: Callable[[Iterable[Scene]], str]
) -> None:
    """0.12, 0.14: one completed run, linked to the build; a sub-result for each cell; files on the result."""
    notebook = scene.artefact(ArtefactKind.NOTEBOOK, "n0001.ipynb", b"{}")
    log = scene.artefact(ArtefactKind.LOG, "console.log", b"hello\n")

    publisher = scene.publish([notebook_result(1, artefacts=(notebook, log)), notebook_result(2, Outcome.FAILED)])

    assert publisher.problems() == ()
    (run,) = scene.runs
    assert (run.state, run.request.automated, run.request.name) == ("Completed", True, "Notebooks")
    assert run.request.pipeline_reference is not None
    assert run.request.pipeline_reference.pipeline_id == scene.build.id
    assert publisher.run_id == run.id
    assert publisher.links() == {"Test run": publisher.url}
    first, second = scene.world.tests.results(run.id)
    assert (first.automated_test_name, first.automated_test_storage) == ("notebooks/n0001.ipynb",) * 2
    assert (first.outcome, second.outcome) == ("Passed", "Failed")
    assert second.error_message == "Cell 2 raised ValueError: no data"
    assert [cell.outcome for cell in second.sub_results] == ["Passed", "Failed", "NotExecuted"]
    assert scene.contents(run.id, first.id or 0) == {"n0001.ipynb": b"{}", "Standard_Console_Output.log": b"hello\n"}
    assert conforms([scene]).endswith("failed 0, unknown 0")


def test_what_has_queued_up_goes_in_one_request(scene: Scene) -> None:
    """While the run is being created, results come; at most 1000 go together."""
    scene.world.faults.add(Fault(method="POST", path="*/runs", delay=0.5))

    scene.publish([notebook_result(number, cells=()) for number in range(1, 1501)])

    posted = [len(each.request_body) for each in scene.requests("POST", "*/results")]
    assert sum(posted) == 1500
    assert len(posted) <= 3
    assert max(posted) <= 1000


def test_a_request_is_bounded_by_its_cells_too(scene: Scene) -> None:
    """Three notebooks of 4,000 cells do not go together; of each the first 1,000 are shown."""
    many = tuple(notebook_result().cells[0] for _ in range(4000))
    scene.world.faults.add(Fault(method="POST", path="*/runs", delay=0.3))

    scene.publish([notebook_result(number, cells=many) for number in (1, 2, 3)])

    assert [len(each.request_body) for each in scene.requests("POST", "*/results")] == [2, 1]
    results = scene.world.tests.results(1)
    assert [len(each.sub_results) for each in results] == [1000] * 3
    assert results[0].comment == "Only the first 1000 of 4000 cells are shown."


def test_results_show_up_while_others_are_still_running(scene: Scene) -> None:
    """A run of hours can be watched."""
    seen: list[int] = []

    def wait_for_one_more() -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            there = len(scene.world.tests.results(1)) if scene.runs else 0
            if there == len(seen) + 1:
                seen.append(there)
                return
            time.sleep(0.01)

    scene.publish([notebook_result(number) for number in (1, 2, 3)], between=wait_for_one_more)

    assert seen == [1, 2, 3]


def test_a_cancelled_run_is_aborted_with_what_was_done(scene: Scene) -> None:
    """0.13: Aborted, and what was done by then is published."""
    results = [notebook_result(1), notebook_result(2, Outcome.CANCELLED), notebook_result(3, Outcome.NOT_RUN, cells=())]

    publisher = scene.publish(results, cancelled=True, seconds=4)

    (run,) = scene.runs
    assert (run.state, run.substate) == ("Aborted", "canceledByUser")
    assert [each.outcome for each in scene.world.tests.results(run.id)] == ["Passed", "Aborted", "NotExecuted"]
    assert publisher.problems() == ()


def test_only_the_files_that_were_asked_for(scene: Scene) -> None:
    """`attach` names kinds, `attachFor: failed` leaves passed notebooks without."""
    files = (
        scene.artefact(ArtefactKind.NOTEBOOK, "n.ipynb", b"{}"),
        scene.artefact(ArtefactKind.HTML, "n.html", b"<p>"),
        scene.artefact(ArtefactKind.IMAGE, "plot.png", b"png"),
    )
    results = [notebook_result(1, artefacts=files), notebook_result(2, Outcome.FAILED, artefacts=files)]

    scene.publish(results, attach=frozenset({ArtefactKind.HTML, ArtefactKind.IMAGE}), attach_for="failed")

    first, second = scene.world.tests.results(1)
    assert scene.contents(1, first.id or 0) == {}
    assert sorted(scene.contents(1, second.id or 0)) == ["n.html", "plot.png"]


def test_titles_messages_and_file_names_pass_the_second_net(scene: Scene) -> None:
    """0.32: what escaped the first redaction does not reach a request's body."""
    result = notebook_result(
        1,
        Outcome.FAILED,
        notebook="notebooks/hunter2.ipynb",
        message="cannot log in with hunter2",
        notes=("hunter2 was tried",),
        parameters={"password": "hunter2"},
        artefacts=(scene.artefact(ArtefactKind.IMAGE, "hunter2.png", b"png"),),
    )

    scene.publish([result], redact=lambda text: text.replace("hunter2", "***"))

    assert "hunter2" not in str([each.request_body for each in scene.world.journal.exchanges])
    assert "***" in str(scene.state())


def test_two_notebooks_with_one_title_are_two_results(scene: Scene) -> None:
    """Redaction may make titles equal; a result's name is what it is found again by."""
    results = [notebook_result(number, notebook=f"n{number}.ipynb") for number in (1, 2)]

    scene.publish(results, redact=lambda text: text.replace("n1", "n").replace("n2", "n"))

    names = [each.automated_test_name for each in scene.world.tests.results(1)]
    assert len(set(names)) == 2


@pytest.mark.parametrize("url", ["{base}", "{base}/"])
def test_the_address_may_end_with_a_slash_or_not(scene: Scene, url: str) -> None:
    publisher = scene.publish([notebook_result()], url=url.format(base=scene.server.collection_url.rstrip("/")))

    assert publisher.problems() == ()
