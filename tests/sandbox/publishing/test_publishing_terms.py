"""Notebooks in the terms of Azure DevOps, and when the next request may be sent."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from amltasks.devops.client import Client
from amltasks.devops.pacing import Clock, Pace, retry_after_seconds
from amltasks.devops.pipeline import PipelineContext
from amltasks.devops.test_runs import (
    CELL_OUTCOMES,
    OUTCOMES,
    cut,
    cut_front,
    marker,
    names_of,
    outcome_of,
    result_to_add,
    run_to_create,
)
from amltasks.devops.uploads import Uploads
from amltasks.report.model import CellOutcome, Outcome
from sandbox.faults import Fault
from tests.sandbox.publishing.scene import STARTED, Scene, SkippingClock, notebook_result

BUILD = {"Build.BuildId": "17", "System.TeamProject": "demo", "System.StageName": "Test", "System.StageAttempt": "2"}


@pytest.mark.parametrize(
    ("outcome", "expected", "published"),
    [
        (Outcome.PASSED, Outcome.PASSED, "Passed"),
        (Outcome.FAILED, Outcome.PASSED, "Failed"),
        (Outcome.TIMED_OUT, Outcome.PASSED, "Timeout"),
        (Outcome.KERNEL_DIED, Outcome.PASSED, "Failed"),
        (Outcome.INVALID, Outcome.PASSED, "Failed"),
        (Outcome.CANCELLED, Outcome.PASSED, "Aborted"),
        (Outcome.NOT_RUN, Outcome.PASSED, "NotExecuted"),
        (Outcome.FAILED, Outcome.FAILED, "Passed"),
        (Outcome.PASSED, Outcome.FAILED, "Failed"),
    ],
)
def test_outcomes(outcome: Outcome, expected: Outcome, published: str) -> None:
    """What came out as expected has passed."""
    assert outcome_of(notebook_result(1, outcome, expected_outcome=expected)) == published


def test_every_outcome_has_a_name_there() -> None:
    assert set(OUTCOMES) == set(Outcome)
    assert set(CELL_OUTCOMES) == set(CellOutcome)


def test_an_instant_notebook_ends_after_it_began() -> None:
    """CompletedDate must be later than startedDate."""
    result = result_to_add(notebook_result(duration=0.0), "n")

    assert result.completed_date > result.started_date


def test_long_texts_are_cut_with_a_mark() -> None:
    """1000 characters; of a traceback the end tells most."""
    assert cut("x" * 1000) == "x" * 1000
    assert len(cut("x" * 1001)) == 1000
    assert cut("x" * 1001).endswith("(cut)")
    assert cut_front("start" + "x" * 1000 + "ValueError: no").endswith("ValueError: no")
    assert len(cut_front("x" * 5000)) == 1000


def test_lengths_are_counted_as_dotnet_counts_them() -> None:
    """An emoji is two characters there; none is cut in half."""
    for shortened in (cut("\N{SNAKE}" * 600), cut("x" + "\N{SNAKE}" * 600), cut_front("\N{SNAKE}" * 600 + "x")):
        assert 990 <= len(shortened.encode("utf-16-le")) // 2 <= 1000
        assert "\ufffd" not in shortened


def test_characters_that_a_service_refuses_are_replaced() -> None:
    assert cut("a\x00b\ud800c\x1b[0m\td\n") == "a�b�c�[0m\td\n"


def test_the_owner_is_named_as_the_agent_names_test_owners() -> None:
    owner = result_to_add(notebook_result(owner="Ada"), "n").owner

    assert (owner.display_name, owner.directory_alias) == ("Ada", "Ada")


def test_parameters_notes_and_leaks_are_in_the_comment() -> None:
    result = notebook_result(parameters={"alpha": 0.1}, notes=("Ended early.",), leaks=("sp.password",))

    comment = result_to_add(result, "n", notes=("A file is left out.",)).comment

    for said in ("alpha=0.1", "Ended early.", "sp.password", "A file is left out."):
        assert said in comment


def test_names_are_titles_and_stable() -> None:
    """History is kept by name and storage, so neither has ids of runs or paths of agents."""
    runs = [("a", "n.ipynb"), ("b", "m.ipynb [x=1]"), ("c", "m.ipynb [x=1]")]

    names = names_of(runs)

    assert names["a"] == "n.ipynb"
    assert names["b"] != names["c"]
    assert names_of(list(reversed(runs))) == names


def test_the_marker_is_a_valid_tag() -> None:
    """Alphanumeric, shorter than 30 characters; differs by title and by build."""
    context = PipelineContext.from_variables(BUILD)
    other = PipelineContext.from_variables({**BUILD, "Build.BuildId": "18"})

    assert marker("Notebooks", context).isalnum()
    assert len(marker("Notebooks", context)) < 30
    assert len({marker("Notebooks", context), marker("Other", context), marker("Notebooks", other)}) == 3


def test_a_run_refers_to_its_build_and_pull_request() -> None:
    """Variables in any case; the short branch name that some services give is made whole."""
    variables = {**BUILD, "SYSTEM.PULLREQUEST.TARGETBRANCH": "main"}

    run = run_to_create("Notebooks", "m", STARTED, PipelineContext.from_variables(variables))

    assert (run.build.id, run.pipeline_reference.pipeline_id) == ("17", 17)
    assert run.pipeline_reference.stage_reference.attempt == 2
    assert run.build_reference.target_branch_name == "refs/heads/main"
    assert run.start_date == "2026-05-04T10:00:00.000Z"


def test_a_run_of_a_classic_release_has_its_uris_in_place_of_a_build() -> None:
    release = "vstfs:///ReleaseManagement/Release/7"
    variables = {**BUILD, "Release.ReleaseId": "7", "Release.ReleaseUri": release}

    run = run_to_create("Notebooks", "m", STARTED, PipelineContext.from_variables(variables))

    assert (run.build, run.pipeline_reference, run.release_uri) == (None, None, release)


def test_retry_after_is_seconds_or_a_date() -> None:
    later = datetime.now(timezone.utc) + timedelta(seconds=30)

    assert retry_after_seconds("1.5") == 1.5
    assert retry_after_seconds(format_datetime(later, usegmt=True)) == pytest.approx(30, abs=2)
    assert retry_after_seconds(format_datetime(datetime.now(timezone.utc) - timedelta(hours=1))) == 0
    assert retry_after_seconds("soon") is None
    assert retry_after_seconds(None) is None


def test_backing_off_grows_and_is_bounded() -> None:
    """Full jitter: anything up to a bound that doubles, at most 30 s."""
    clock = SkippingClock()
    pace = Pace(clock=clock)

    for failures in range(1, 40):
        assert pace.back_off(failures)

    assert clock.waits[0] <= 0.5
    assert 10 < max(clock.waits) <= 30


def test_waiting_ends_when_the_deadline_is_brought_forward() -> None:
    """A cancelled job does not wait for a throttled service."""
    pace = Pace()
    pace.hold(60)
    began = time.monotonic()
    threading.Timer(0.1, lambda: pace.end_by(Clock().now() + 1.1)).start()

    pace.wait_for_turn()

    assert time.monotonic() - began < 40


def uploads_at_once(pace: Pace, connections: int) -> int:
    """The most that were under way together, of more than there are connections."""
    lock, running, most = threading.Lock(), 0, 0

    def upload() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.04)
        with lock:
            running -= 1

    uploads = Uploads(connections, pace)
    for _ in range(5 * connections):
        uploads.submit(upload)
    uploads.finish()
    return most


def test_a_service_that_complains_gets_fewer_uploads_at_once_until_it_is_content() -> None:
    """Answers to requests that were under way together are one complaint."""
    pace = Pace()
    assert 4 < uploads_at_once(pace, 8) <= 8

    sent = pace.now()
    pace.hold(0, sent)
    pace.hold(0, sent)
    assert uploads_at_once(pace, 8) <= 4

    for _ in range(20):
        pace.hold(0)
    assert uploads_at_once(pace, 8) == 1

    for _ in range(100):
        pace.ease()
    assert 4 < uploads_at_once(pace, 8) <= 8


@pytest.mark.parametrize(
    "fault",
    [
        Fault(headers={"Retry-After": "1"}),
        Fault(headers={"X-RateLimit-Delay": "0.5"}),
        Fault(status=429),
        Fault(status=503),
    ],
    ids=str,
)
def test_every_sign_of_throttling_is_a_complaint(scene: Scene, fault: Fault) -> None:
    """A delayed request is answered 200, a blocked one 429."""
    scene.world.faults.add(fault.model_copy(update={"nth": 1}))
    pace = Pace(clock=SkippingClock())

    with Client(scene.options().url, scene.options().token, pace) as client:
        client.test(lambda test: test.get_test_runs(scene.world.project.name))

    assert 4 <= pace.at_once(8) < 8


def test_the_last_second_is_for_one_more_attempt_not_for_many() -> None:
    pace = Pace(deadline=Clock().now() + 0.9)

    assert not pace.back_off(1)
