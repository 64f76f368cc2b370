"""Whatever goes wrong with single requests, what is published in the end is the same: nothing lost, nothing doubled."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable

import pytest

from amltasks.devops.client import Client
from amltasks.devops.entries import NotebookEntry
from amltasks.devops.pacing import Clock, Pace
from amltasks.devops.pipeline import PipelineContext
from amltasks.devops.run_writer import RunWriter
from amltasks.report.model import ArtefactKind, NotebookResult, Outcome
from sandbox.devops.test.models import Result
from sandbox.faults import Fault
from tests.sandbox.publishing.scene import STARTED, Scene, SkippingClock, notebook_result

FAULTS = {
    "reset before it is carried out": Fault(reset=True, when="before"),
    "reset after it was carried out": Fault(reset=True, when="after"),
    "429 with Retry-After": Fault(status=429, headers={"Retry-After": "3"}),
    "503": Fault(status=503),
    "503 after it was carried out": Fault(status=503, when="after"),
    "500": Fault(status=500),
    "500 after it was carried out": Fault(status=500, when="after"),
    "502 of a gateway, in HTML": Fault(status=502, body="<h1>Bad gateway</h1>", headers={"Content-Type": "text/html"}),
    "203 sign-in page": Fault(sign_in=True),
    "203 sign-in page after it was carried out": Fault(sign_in=True, when="after"),
    "401": Fault(status=401),
    "an answer that is cut off": Fault(status=200, body='{"count": 1, "value": [', when="after"),
}


def some_results(scene: Scene) -> list[NotebookResult]:
    notebook = scene.artefact(ArtefactKind.NOTEBOOK, "n.ipynb", b"{}")
    log = scene.artefact(ArtefactKind.LOG, "console.log", b"line\n")
    return [notebook_result(1, artefacts=(notebook, log)), notebook_result(2, Outcome.FAILED, artefacts=(notebook,))]


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_at_any_request_changes_nothing(new_scene: Callable[[], Scene], name: str) -> None:
    """At every single request, one at a time: the same final state."""
    undisturbed = new_scene()
    undisturbed.publish(some_results(undisturbed))
    expected = undisturbed.state()
    least = len(undisturbed.requests())

    nth = 0
    while True:
        nth += 1
        scene = new_scene()
        scene.world.faults.add(FAULTS[name].model_copy(update={"nth": nth}))
        publisher = scene.publish(some_results(scene))
        hit = [each for each in scene.requests() if each.fault]
        where = f"at request {nth}: {hit[0].method} {hit[0].url}" if hit else f"request {nth} did not come"

        assert publisher.problems() == (), where
        assert scene.state() == expected, where
        scene.server.stop()
        if not hit:
            break
    assert nth > least - 2  # results may share requests, so there can be some fewer


@pytest.mark.parametrize("name", ["reset after it was carried out", "503", "203 sign-in page"])
def test_one_fault_at_any_request_of_a_retry_changes_nothing(new_scene: Callable[[], Scene], name: str) -> None:
    """The way of a run that is found again: its results are listed, updated and completed by new ones."""

    def first_try(scene: Scene) -> None:
        scene.world.faults.add(Fault(method="PATCH", path="*/runs/1", status=403, nth=1))  # it does not get to the end
        scene.publish([notebook_result(1, Outcome.FAILED), notebook_result(2)])
        scene.world.faults.clear()

    retry = [notebook_result(1), notebook_result(2), notebook_result(3)]
    undisturbed = new_scene()
    first_try(undisturbed)
    undisturbed.publish(retry)

    hit, nth = True, 0
    while hit:
        nth += 1
        scene = new_scene()
        first_try(scene)
        scene.world.faults.add(FAULTS[name].model_copy(update={"nth": nth}))
        publisher = scene.publish(retry)
        hit = any(each.fault and "403" not in each.fault for each in scene.requests())

        assert publisher.problems() == (), nth
        assert scene.state() == undisturbed.state(), nth
    assert nth > 4


def test_many_faults_at_once(scene: Scene, conforms: Callable[[Iterable[Scene]], str]) -> None:
    """Every third request is lost, half of them after they were carried out."""
    for nth in range(3, 200, 6):
        scene.world.faults.add(Fault(reset=True, when="before", nth=nth), Fault(reset=True, when="after", nth=nth + 3))
    results = [
        notebook_result(number, artefacts=(scene.artefact(ArtefactKind.NOTEBOOK, f"{number}.ipynb", b"{}"),))
        for number in range(1, 21)
    ]

    publisher = scene.publish(results)

    assert publisher.problems() == ()
    (run,) = scene.runs
    there = scene.world.tests.results(run.id)
    assert sorted(each.automated_test_name or "" for each in there) == [each.title for each in results]
    assert [len(scene.contents(run.id, each.id or 0)) for each in there] == [1] * 20
    assert len(scene.world.tests.attachments(run.id, there[0].id or 0)) == 1
    assert conforms([scene]).endswith("failed 0, unknown 0")


def test_retry_after_on_a_good_answer_holds_back_what_comes_next(scene: Scene) -> None:
    """A delayed request still answers 200 and says how long to wait."""
    scene.world.faults.add(Fault(method="POST", path="*/runs", headers={"Retry-After": "17"}))
    clock = SkippingClock()

    publisher = scene.publish([notebook_result()], clock=clock)

    assert publisher.problems() == ()
    assert max(clock.waits) == pytest.approx(17, abs=0.5)


def test_retry_after_of_a_refusal_is_waited_for(scene: Scene) -> None:
    """429 says when to come back; not before."""
    scene.world.faults.add(Fault(method="POST", path="*/results", status=429, headers={"Retry-After": "2"}, nth=1))

    scene.publish([notebook_result()], clock=Clock())

    first, second = scene.requests("POST", "*/results")
    assert second.time - first.time >= 1.9


def test_no_server_at_all_takes_no_longer_than_it_may(scene: Scene) -> None:
    """The notebooks' outcome stands; what was not published is said, in bounded time."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/org/"
    began = time.monotonic()

    publisher = scene.publish([notebook_result()], seconds=3, url=url, clock=Clock())

    assert time.monotonic() - began < 30
    assert publisher.run_id is None
    (problem,) = publisher.problems()
    assert "not published" in problem
    assert "Connection refused" in problem


def test_a_server_that_never_answers_does_not_hold_a_cancelled_job(scene: Scene) -> None:
    """A request is under way when the job is cancelled; it is left behind."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/org/"
        began = time.monotonic()

        publisher = scene.publish([notebook_result()], cancelled=True, seconds=2, url=url, clock=Clock())

    assert time.monotonic() - began < 30
    assert publisher.problems()


def test_a_run_is_closed_though_its_attachments_hang(scene: Scene) -> None:
    """Closing has time of its own."""
    scene.world.faults.add(Fault(method="POST", path="*/attachments", delay=20))
    file = scene.artefact(ArtefactKind.NOTEBOOK, "n.ipynb", b"{}")
    began = time.monotonic()

    publisher = scene.publish([notebook_result(artefacts=(file,))], cancelled=True, seconds=3, clock=Clock())

    assert time.monotonic() - began < 18  # and not the twenty that they hang
    assert scene.runs[0].state == "Aborted"
    (problem,) = publisher.problems()
    assert "n.ipynb of notebooks/n0001.ipynb" in problem
    assert "n.ipynb" in (scene.runs[0].request.comment or "")


def test_an_expired_token_is_one_clear_sentence(scene: Scene) -> None:
    """The job's token dies with the job."""
    scene.world.tokens.revoke(scene.token)

    publisher = scene.publish([notebook_result()])

    (problem,) = publisher.problems()
    assert "does not accept the job's access token" in problem
    assert len(scene.requests()) == 3


def test_a_missing_permission_is_named(scene: Scene) -> None:
    scene.world.faults.add(Fault(method="POST", path="*/runs", status=403))

    publisher = scene.publish([notebook_result()])

    (problem,) = publisher.problems()
    assert "'Create test runs'" in problem
    assert len(scene.requests("POST")) == 1


def test_one_result_that_is_refused_costs_no_other(scene: Scene) -> None:
    """Found among many by halving; the others are there."""
    results = [notebook_result(number) for number in range(1, 21)]
    results[6] = notebook_result(7, started_at=None, notebook="")
    scene.world.faults.add(Fault(method="POST", path="*/runs", delay=0.3))

    publisher = scene.publish(results)

    assert len(scene.world.tests.results(1)) == 19
    (problem,) = publisher.problems()
    assert "status 400" in problem
    assert scene.runs[0].state == "Completed"


def test_results_that_never_were_confirmed_are_not_sent_again(scene: Scene) -> None:
    """A batch was carried out in part and is then refused: dividing it must not double what is there."""
    url = scene.server.collection_url
    pipeline = PipelineContext.from_variables(scene.variables())
    entries = [NotebookEntry(f"n{number}", notebook_result(number)) for number in (1, 2)]
    with Client(url, scene.token, Pace(clock=scene.clock)) as client:
        writer = RunWriter(client, pipeline, "Notebooks", STARTED)
        writer.open()
        in_part = Result(test_case_title="n1", automated_test_name="n1", outcome="Passed", state="Completed")
        scene.world.tests.add_results(writer.run_id or 0, [in_part], "the attempt that was not answered")
        scene.world.faults.add(Fault(method="POST", path="*/results", status=500, nth="1-3"))

        written = writer.write(entries)

    assert written == {"n1": 100_000, "n2": 100_001}
    assert [each.automated_test_name for each in scene.world.tests.results(1)] == ["n1", "n2"]


def test_lost_results_are_counted_where_they_are_missed(scene: Scene) -> None:
    """Results are refused for good: the run says so in its comment, the report among its problems."""
    scene.world.faults.add(Fault(method="POST", path="*/results", status=403))

    publisher = scene.publish([notebook_result(number) for number in range(1, 10)])

    (problem,) = publisher.problems()
    assert "notebooks/n0001.ipynb" in problem
    assert "and 4 more" in problem
    assert "and 4 more" in (scene.runs[0].request.comment or "")
