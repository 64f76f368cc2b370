"""What the tab shows of checks: their file, the files of what failed, and how far a step has come."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from amltasks.report.check_tab import DETAILS_LENGTH, MOST_CHECKS, MOST_FILES, CheckTab
from amltasks.report.checks import (
    ChainLink,
    Check,
    CheckFile,
    CheckOutcome,
    CheckReport,
    ComparedMetric,
    RolloutMove,
)
from amltasks.report.tab_limits import SIZE_LIMIT
from amltasks.report.tab_records import TYPE, TabChecks, TabContext

STARTED = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
CONTEXT = TabContext(task="DeployToOnlineEndpoint", stage="Prod", job="deploy", step="rollout")


def report_of(*checks: Check, **given: object) -> CheckReport:
    times = {"started_at": STARTED, "finished_at": STARTED + timedelta(minutes=50)}
    return CheckReport.model_validate({"title": "Deploy to diabetes", "checks": checks, **times, **given})


def check(outcome: CheckOutcome, *files: CheckFile, name: str = "p95", **given: object) -> Check:
    return Check.model_validate({"name": name, "group": "Rollout", "outcome": outcome, "files": files, **given})


def file(folder: Path, name: str, size: int = 3) -> CheckFile:
    path = folder / name
    path.write_bytes(b"")
    with path.open("r+b") as opened:
        opened.truncate(size)
    return CheckFile(path=path, name=name)


def read(path: Path) -> TabChecks:
    return TabChecks.model_validate_json(path.read_text(encoding="utf-8"))


def test_all_that_is_known_is_in_one_file_which_comes_last(tmp_path: Path) -> None:
    metric = ComparedMetric(name="mae", new=41.5, champion=43.0, rule="lower is better", verdict="better")
    move = RolloutMove(at=STARTED, step="10 %", traffic={"blue": 90, "green": 10}, error_rate=0.0, p95=0.2, requests=20)
    known = {
        "verdict": "green serves diabetes:3 and has 100 % of the requests.",
        "metrics": (metric,),
        "rollout": (move,),
        "deployments": {"blue": "diabetes:2", "green": "diabetes:3"},
        "chain": (ChainLink(kind="Model", name="diabetes:3", facts={"Gate": "better"}),),
        "facts": {"Endpoint": "diabetes"},
        "notes": ("A note.",),
        "problems": ("A problem.",),
    }

    *files, last = CheckTab(tmp_path / "tab", CONTEXT).complete(report_of(check(CheckOutcome.PASSED), **known))

    told = read(last.path)
    assert files == []
    assert (last.type, last.name) == (TYPE, "Prod~deploy~1~rollout.checks.json")
    assert {name: getattr(told, name) for name in known} == known
    assert (told.context, told.title, told.finished_at) == (
        CONTEXT,
        "Deploy to diabetes",
        STARTED + timedelta(minutes=50),
    )


def test_files_of_what_failed_are_attached_under_names_that_mean_nothing_else(tmp_path: Path) -> None:
    """A request may be called as the tab's own files are."""
    failed = check(CheckOutcome.FAILED, file(tmp_path, "a.index.json"), file(tmp_path, "log.txt"))
    passed = check(CheckOutcome.PASSED, file(tmp_path, "well.json"))

    *files, last = CheckTab(tmp_path / "tab", CONTEXT).complete(report_of(failed, failed, passed))

    told = read(last.path)
    named = [file.attachment for check in told.checks for file in check.files]
    assert named == [each.name for each in files]
    assert len(set(named)) == 4
    assert named[0] == "Prod~deploy~1~rollout~1~p95~a.index.json.txt"
    assert [each.path.name for each in files] == ["a.index.json", "log.txt"] * 2


def test_what_is_too_much_is_left_out_and_said(tmp_path: Path) -> None:
    large = check(CheckOutcome.FAILED, file(tmp_path, "large.txt", SIZE_LIMIT + 1), details="x" * 2 * DETAILS_LENGTH)
    gone = check(CheckOutcome.FAILED, CheckFile(path=tmp_path / "gone", name="gone"))
    many = [check(CheckOutcome.FAILED, file(tmp_path, "log.txt"))] * (MOST_CHECKS + 5)

    *files, last = CheckTab(tmp_path / "tab", CONTEXT).complete(report_of(large, gone, *many))

    told = read(last.path)
    (kept,) = told.checks[0].files
    assert (kept.attachment, kept.size) == ("", SIZE_LIMIT + 1)
    assert "results folder" in kept.note
    assert len(told.checks[0].details) <= DETAILS_LENGTH + 1
    assert told.checks[1].files == ()
    assert len(files) == MOST_FILES
    assert len(told.checks) == MOST_CHECKS
    assert told.notes == ("7 more checks are in the test results.",)


def test_a_step_that_runs_tells_how_far_it_has_come(tmp_path: Path) -> None:
    """Each state in a file of its own: the agent reads them when it comes to it."""
    tab = CheckTab(tmp_path / "tab", CONTEXT)

    first = tab.progress(report_of(), "Deploying diabetes:3 as green.")
    second = tab.progress(report_of(check(CheckOutcome.PASSED)), "route: done")

    names = [f"Prod~deploy~1~rollout.{number}.checks-progress.json" for number in (1, 2)]
    assert [first.name, second.name] == names
    told = [read(each.path) for each in (first, second)]
    assert [each.number for each in told] == [1, 2]
    assert [each.finished_at for each in told] == [None, None]
    assert [each.current for each in told] == ["Deploying diabetes:3 as green.", "route: done"]
    assert [len(each.checks) for each in told] == [0, 1]
    assert told[0].verdict == ""


def test_the_last_state_has_the_greatest_number_also_of_a_step_that_is_tried_again(tmp_path: Path) -> None:
    """The tab shows the one with the greatest. Files of the first try may still be on their way then."""
    states = []
    for _ in range(2):
        CheckTab(tmp_path, CONTEXT).progress(report_of(), "Deploying.")
        states.append(CheckTab(tmp_path, CONTEXT).complete(report_of())[-1])

    assert [read(each.path).number for each in states] == [2, 4]
    assert [each.name for each in states] == ["Prod~deploy~1~rollout.checks.json"] * 2
