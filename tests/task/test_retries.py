"""Retries, and steps and jobs beside each other: results are neither doubled nor mixed. When a step fails."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.task.pipelines import Published, Site, task

pytestmark = pytest.mark.xdist_group("task retries")

FLAKY = """\
    import pathlib
    seen = pathlib.Path("seen.txt")
    first = not seen.exists()
    seen.write_text("seen")
    assert not first, "the first time it fails"
"""


@pytest.fixture(scope="session")
def ran(new_site: Callable[[], Site]) -> Published:
    """Two jobs with steps of the same name; in the first, a step that is retried and three with their own failOn."""
    site = new_site()
    site.notebook("flaky.ipynb", FLAKY)
    site.notebook("good.ipynb", "1")
    site.notebook("bad.ipynb", "1 / 0")
    site.notebook("fine.ipynb", "2")
    every = ("good.ipynb", "bad.ipynb", "fine.ipynb")
    beside = {"attach": "log", "publish": "testResults"}
    first = [
        task("flaky.ipynb", "good.ipynb", displayName="retried", retryCountOnTaskFailure=2),
        task(*every, name="none", displayName="none", failOn="none", **beside),
        task(*every, name="half", displayName="at most half", failOn="50%", **beside),
        task(*every, name="quarter", displayName="at most a quarter", failOn="25%", continueOnError=True, **beside),
    ]
    second = [task("good.ipynb", displayName="of another job")]
    last = [task("bad.ipynb", displayName="any", publish="none")]
    jobs = [
        {"job": "first", "steps": first},
        {"job": "second", "dependsOn": "first", "steps": second},
        {"job": "third", "dependsOn": "second", "steps": last},
    ]
    return site.run(pipeline={"jobs": jobs})


def test_a_retried_step_continues_its_one_test_run(ran: Published) -> None:
    """Requirement of idempotence: the same results once, with what became of them last."""
    (run,) = [run for run in ran.test_runs if run.request.name == "retried"]

    assert ran.verdicts["retried"] == "succeeded"
    assert run.state == "Completed"
    assert {title: result.outcome for title, result in ran.results(run).items()} == {
        "flaky.ipynb": "Passed",
        "good.ipynb": "Passed",
    }
    assert not ran.results(run)["flaky.ipynb"].error_message


def test_files_of_both_tries_are_there_under_names_of_their_own(ran: Published) -> None:
    (run,) = [run for run in ran.test_runs if run.request.name == "retried"]

    attached = ran.attached("flaky.ipynb", run)

    assert len(attached) == 6
    assert {"executed.ipynb", "flaky.html", "Standard_Console_Output.log"} < attached.keys()
    notebooks = [json.loads(content) for name, content in attached.items() if name.endswith(".ipynb")]
    errors = [[each["ename"] for each in notebook["cells"][0]["outputs"]] for notebook in notebooks]
    assert sorted(errors) == [[], ["AssertionError"]]


def test_every_step_of_every_job_has_a_test_run_of_its_own(ran: Published) -> None:
    assert [(run.request.name, run.state, sorted(ran.results(run))) for run in ran.test_runs] == [
        ("retried", "Completed", ["flaky.ipynb", "good.ipynb"]),
        ("none", "Completed", ["bad.ipynb", "fine.ipynb", "good.ipynb"]),
        ("at most half", "Completed", ["bad.ipynb", "fine.ipynb", "good.ipynb"]),
        ("at most a quarter", "Completed", ["bad.ipynb", "fine.ipynb", "good.ipynb"]),
        ("of another job", "Completed", ["good.ipynb"]),
    ]


def test_attachments_of_jobs_with_steps_of_the_same_name_keep_apart(ran: Published) -> None:
    """Names carry stage, job, attempt and step."""
    assert {name for name in ran.tab() if name.endswith("index.json")} == {
        "__default~first~1~nb.index.json",
        "__default~second~1~nb.index.json",
    }


@pytest.mark.parametrize(
    ("step", "verdict"),
    [
        ("none", "succeeded"),
        ("at most half", "succeeded"),
        ("at most a quarter", "succeededWithIssues"),
        ("any", "failed"),
    ],
)
def test_a_step_fails_when_more_notebooks_failed_than_may(step: str, verdict: str, ran: Published) -> None:
    assert ran.verdicts[step] == verdict


def test_the_pipeline_fails_with_the_step_that_may_not(ran: Published) -> None:
    assert ran.result.result == "failed"
