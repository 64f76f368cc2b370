"""Checks as a test run of the sandbox: every outcome, faults of the service, tries of the same task."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

from amltasks.report.check_publishers import publish, redacted
from amltasks.report.check_run import CheckRun
from amltasks.report.checks import (
    ChainLink,
    Check,
    CheckFile,
    CheckOutcome,
    CheckReport,
    ComparedMetric,
    RolloutMove,
)
from sandbox.devops.test.models import Result
from sandbox.faults import Fault
from tests.sandbox.publishing.scene import STARTED, Scene


def a_report(folder: Path, cancelled: bool = False) -> CheckReport:
    """One check of every outcome, and two of one name."""
    kept = folder / "kept.json"
    kept.write_text('{"result": 1}')
    file = CheckFile(path=kept, name="two rows.json", note="as it came")
    return CheckReport(
        title="Smoke test of diabetes",
        checks=(
            Check(
                name="two rows",
                group="Smoke test",
                outcome=CheckOutcome.PASSED,
                message="Status 200",
                details="traceparent: 00-1",
                started_at=STARTED,
                duration=0.25,
                files=(file,),
            ),
            Check(
                name="none", group="Smoke test", outcome=CheckOutcome.FAILED, message="Status 500", details="why\nnot"
            ),
            Check(name="accuracy", group="Gate", outcome=CheckOutcome.UNKNOWN, message="There is no champion."),
            Check(name="late", group="Smoke test", outcome=CheckOutcome.NOT_RUN, message="Cancelled."),
            Check(name="late", group="Smoke test", outcome=CheckOutcome.PASSED),
        ),
        started_at=STARTED,
        finished_at=STARTED + timedelta(seconds=9),
        cancelled=cancelled,
        notes=("It was the first.",),
    )


def results(scene: Scene) -> dict[str | None, Result]:
    (run,) = scene.runs
    return {each.automated_test_name: each for each in scene.world.tests.results(run.id)}


def test_each_outcome_is_one_that_azure_devops_shows(
    scene: Scene, conforms: Callable[[Iterable[Scene]], str], tmp_path: Path
) -> None:
    published = publish(a_report(tmp_path), tmp_path, test_run=CheckRun(scene.options()))

    found = results(scene)
    assert {name: each.outcome for name, each in found.items()} == {
        "Smoke test: two rows": "Passed",
        "Smoke test: none": "Failed",
        "Gate: accuracy": "Inconclusive",
        "Smoke test: late": "NotExecuted",
        "Smoke test: late (2)": "Passed",
    }
    passed, failed, unknown, *_ = found.values()
    assert (passed.test_case_title, passed.automated_test_storage) == ("two rows", "Smoke test")
    assert (passed.comment, passed.duration_in_ms) == ("Status 200\ntraceparent: 00-1", 250)
    assert (failed.error_message, failed.stack_trace) == ("Status 500", "why\nnot")
    assert unknown.error_message == "There is no champion."
    (attached,) = scene.world.tests.attachments(1, passed.id or 0)
    assert (attached.file_name, attached.comment) == ("two rows.json", "as it came")
    (run,) = scene.runs
    assert run.state == "Completed"
    assert (run.request.comment or "") == "It was the first."
    assert "checks" in [tag.name for tag in run.request.tags]
    assert published.links["Test run"]
    assert published.problems == ()
    assert conforms([scene]).endswith("failed 0, unknown 0")


def test_a_cancelled_command_leaves_an_aborted_run(scene: Scene, tmp_path: Path) -> None:
    publish(a_report(tmp_path, cancelled=True), tmp_path, test_run=CheckRun(scene.options()))

    (run,) = scene.runs
    assert run.state == "Aborted"


def test_a_second_try_of_the_task_goes_on_with_the_run(scene: Scene, tmp_path: Path) -> None:
    report = a_report(tmp_path)
    publish(report, tmp_path, test_run=CheckRun(scene.options()))
    passed = report.checks[1].model_copy(update={"outcome": CheckOutcome.PASSED, "message": "Status 200"})

    publish(
        report.model_copy(update={"checks": (report.checks[0], passed, *report.checks[2:])}),
        tmp_path,
        test_run=CheckRun(scene.options()),
    )

    assert len(results(scene)) == 5
    assert results(scene)["Smoke test: none"].outcome == "Passed"
    attachments = scene.world.tests.attachments(1, results(scene)["Smoke test: two rows"].id or 0)
    assert {each.file_name for each in attachments} == {"two rows.json", "two rows (10.00.00).json"}


def test_what_cannot_be_published_is_a_problem_and_costs_no_file(scene: Scene, tmp_path: Path) -> None:
    scene.world.faults.add(Fault(method="POST", path="*/runs", status=403))

    published = publish(
        a_report(tmp_path), tmp_path, junit=tmp_path / "j.xml", summary=True, test_run=CheckRun(scene.options())
    )

    (problem,) = published.problems
    assert problem.startswith("The results are not published as a test run: ")
    assert "Create test runs" in problem
    assert {"results.json", "j.xml", "summary.md"} <= {path.name for path in tmp_path.iterdir()}
    assert "Create test runs" in (tmp_path / "summary.md").read_text()


def test_an_attachment_that_is_refused_is_named(scene: Scene, tmp_path: Path) -> None:
    scene.world.faults.add(Fault(method="POST", path="*/attachments", status=413))

    published = publish(a_report(tmp_path), tmp_path, test_run=CheckRun(scene.options()))

    (problem,) = published.problems
    assert problem.startswith("Not in the test run: two rows.json of two rows. ")
    assert len(results(scene)) == 5
    assert problem in (scene.runs[0].request.comment or "")


def test_a_cancelled_command_does_not_wait_for_a_service_that_is_gone(scene: Scene, tmp_path: Path) -> None:
    """It would be asked again for two minutes."""
    scene.world.faults.add(Fault(method="POST", path="*/results", status=503))
    stop = threading.Event()
    stop.set()
    began = time.monotonic()

    published = publish(a_report(tmp_path, cancelled=True), tmp_path, test_run=CheckRun(scene.options(), stop))

    assert time.monotonic() - began < 60
    assert "two rows" in published.problems[0]
    assert scene.runs[0].state == "Aborted"


def test_redaction_reaches_every_text(tmp_path: Path) -> None:
    word = "s3cret"
    check = Check(
        name=f"n {word}",
        group=f"g {word}",
        outcome=CheckOutcome.FAILED,
        message=f"m {word}",
        details=f"d {word}",
        files=(CheckFile(path=tmp_path, name=f"f {word}", note=word),),
    )
    report = a_report(tmp_path).model_copy(
        update={
            "title": word,
            "checks": (check,),
            "verdict": word,
            "metrics": (ComparedMetric(name=word, rule=word, verdict=word, where=(word,)),),
            "rollout": (RolloutMove(at=STARTED, step=word, traffic={word: 1}, verdict=word),),
            "deployments": {word: word},
            "chain": (ChainLink(kind=word, name=word, facts={word: word}),),
            "facts": {word: word},
            "notes": (word,),
            "problems": (word,),
            "links": {word: word},
        }
    )

    assert word in report.model_dump_json()
    assert word not in redacted(report, lambda text: text.replace(word, "***")).model_dump_json()
