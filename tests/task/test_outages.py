"""A pipeline that forbids, a token that does not count, a service that is slow, faulty or away."""

from __future__ import annotations

import json

import nbformat

from sandbox.faults import Fault
from tests.task.pipelines import Published, Site, printed, script, task

TEST_ROUTES = "*/_apis/test/*"


def write_notebooks(site: Site) -> None:
    site.notebook("good.ipynb", "print('fine')")
    site.notebook("bad.ipynb", "raise ValueError('boom')")


def check_files_are_there(ran: Published) -> None:
    """Everything lies in the results folder, whatever could not be published."""
    assert ran.outcomes == {"good.ipynb": "passed", "bad.ipynb": "failed"}
    for result in ran.report()["results"]:
        kinds = {artefact["kind"]: artefact["path"] for artefact in result["artefacts"]}
        assert kinds.keys() == {"ipynb", "html", "log"}
        nbformat.validate(nbformat.read(kinds["ipynb"], as_version=4))
    assert (ran.staging / "notebooks" / "nb" / "summary.md").is_file()


def test_where_commands_are_restricted_the_test_run_is_published_and_the_files_are_kept(site: Site) -> None:
    """Attachments and variables are refused by the agent, each with a warning; the verdict stands."""
    write_notebooks(site)
    target = {"container": "host", "commands": "restricted", "settableVariables": "none"}

    ran = site.run(
        task("*.ipynb", displayName="the notebooks", target=target, continueOnError=True),
        script("echo 'outcome: $(nb.Outcome)'"),
    )

    assert ran.verdicts["the notebooks"] == "succeededWithIssues"
    assert ran.test_run.state == "Completed"
    assert {title: result.outcome for title, result in ran.results().items()} == {
        "good.ipynb": "Passed",
        "bad.ipynb": "Failed",
    }
    assert "executed.ipynb" in ran.attached("bad.ipynb")
    assert ran.tab() == {}
    assert ran.tab("Distributedtask.Core.Summary") == {}
    assert "outcome: $(nb.Outcome)" in printed(ran)
    check_files_are_there(ran)


def test_nothing_is_published_where_nothing_is_wanted(site: Site) -> None:
    write_notebooks(site)

    ran = site.run(
        task("*.ipynb", publish="none", failOn="none", attach="none"),
        script('echo "[$(nb.TestRunId)] $(nb.Failed)"'),
    )

    assert ran.result.result == "succeeded"
    assert ran.test_runs == []
    assert ran.tab() == {}
    assert "[] 1" in printed(ran)
    assert ran.outcomes == {"good.ipynb": "passed", "bad.ipynb": "failed"}
    assert not [each for each in ran.world.journal.exchanges if "/_apis/test/" in each.url]


def test_while_azure_devops_stays_away_the_outcome_stands_and_the_log_says_what_is_not_published(site: Site) -> None:
    """Every test route answers 503, for good; runTimeout bounds how long it is tried."""
    write_notebooks(site)
    site.world.faults.add(Fault(path=TEST_ROUTES, status=503))

    ran = site.run(
        task("*.ipynb", displayName="the notebooks", failOn="none", runTimeout="12s"),
        script("echo still here: $(nb.Outcome) [$(nb.TestRunId)]"),
    )

    assert ran.verdicts["the notebooks"] == "succeededWithIssues"
    assert ran.test_runs == []
    assert any("The results are not published as a test run" in line for line in ran.log("the notebooks"))
    assert "still here: passed []" in printed(ran)
    assert b"not published" in ran.tab("Distributedtask.Core.Summary")["summary.md"].lower()
    assert ran.report()["problems"] != []
    check_files_are_there(ran)


def test_when_the_connection_breaks_for_good_in_the_middle_what_was_published_is_closed_or_named(site: Site) -> None:
    write_notebooks(site)
    site.world.faults.add(Fault(method="POST", path="*/results/*/attachments", reset=True))

    ran = site.run(task("*.ipynb", displayName="the notebooks", failOn="none", runTimeout="15s"))

    assert ran.verdicts["the notebooks"] == "succeededWithIssues"
    assert ran.test_run.state == "Completed"
    assert set(ran.results()) == {"good.ipynb", "bad.ipynb"}
    assert any("Not in the test run: " in line and "executed.ipynb" in line for line in ran.log("the notebooks"))
    check_files_are_there(ran)


def test_a_token_that_is_not_accepted_is_told_as_that(site: Site) -> None:
    write_notebooks(site)
    site.world.faults.add(Fault(path=TEST_ROUTES, sign_in=True))

    ran = site.run(task("*.ipynb", displayName="the notebooks", failOn="none"))

    assert ran.verdicts["the notebooks"] == "succeededWithIssues"
    assert any("does not accept the job's access token" in line for line in ran.log("the notebooks"))
    check_files_are_there(ran)


def test_failed_notebooks_fail_the_step_also_when_nothing_can_be_published(site: Site) -> None:
    write_notebooks(site)
    site.world.faults.add(Fault(path=TEST_ROUTES, sign_in=True))

    ran = site.run(task("*.ipynb", displayName="the notebooks"))

    assert ran.verdicts["the notebooks"] == "failed"


def test_a_slow_and_faulty_service_gets_all_in_the_end_and_nothing_twice(site: Site) -> None:
    """A reset after the run was created, a 429, an answer lost after an upload, and Retry-After on good answers."""
    write_notebooks(site)
    site.world.faults.add(
        Fault(method="POST", path="*/test/runs", nth=1, reset=True, when="after"),
        Fault(method="POST", path="*/test/runs/*/results", nth=1, status=429, headers={"Retry-After": "1"}),
        Fault(method="POST", path="*/results/*/attachments", nth=2, status=503, when="after"),
        Fault(method="POST", path="*/results/*/attachments", nth=4, headers={"Retry-After": "1"}),
        Fault(method="PATCH", path="*/test/runs/*", nth=1, reset=True),
    )

    ran = site.run(task("*.ipynb", displayName="the notebooks", failOn="none"))

    assert ran.verdicts["the notebooks"] == "succeeded"
    assert ran.test_run.state == "Completed"
    assert {title: sorted(ran.attached(title)) for title in ran.results()} == {
        "good.ipynb": ["Standard_Console_Output.log", "executed.ipynb", "good.html"],
        "bad.ipynb": ["Standard_Console_Output.log", "bad.html", "executed.ipynb"],
    }
    assert len([each for each in ran.world.journal.exchanges if each.fault]) == 5
    assert json.dumps(ran.report()["problems"]) == "[]"
