"""One run with notebooks of every kind, as the person sees it who reads the pipeline afterwards."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import nbformat
import pytest

from amltasks.report.tab_records import CellsRecord, TabIndex
from sandbox.devops.test.models import Run
from tests.notebooks.running import SHARED, code, markdown
from tests.task.pipelines import Published, Site, printed, script, task

pytestmark = pytest.mark.xdist_group("task outcomes")

TRAIN, PRICES = "notebooks/train.ipynb", "notebooks/prices.ipynb"
SKIPPED, EXITED, BROKEN = "real/skipped.ipynb", "real/exited.ipynb", "real/broken.ipynb"
SLOW = "notebooks/slow.ipynb"
PNG = b"\x89PNG\r\n\x1a\n"


def write_notebooks(site: Site) -> None:
    site.notebook(
        TRAIN,
        markdown("# Training"),
        code("alpha = 1.0", "parameters"),
        """\
        import matplotlib.pyplot as plt
        import scrapbook
        from shared_code import score
        plt.plot([1, alpha])
        print("score of", alpha)
        scrapbook.glue("score", score(alpha))
        scrapbook.glue("kind", "ridge regression")""",
    )
    site.file("notebooks/shared_code.py", "def score(alpha):\n    return alpha * 2\n")
    site.notebook(
        PRICES,
        markdown("## Load"),
        "prices = {'EUR': 1}\nprint('loaded')",
        markdown("## Convert <b>all</b>"),
        "value = prices['GBP']",
        "print('never')",
    )
    site.notebook(SLOW, "print('begun', flush=True)", "import time\ntime.sleep(60)", "1")
    site.file("notebooks.yml", f"notebooks:\n  {SLOW}:\n    cellTimeout: 2s\n")
    site.shared("s62", SKIPPED)
    site.shared("s66", EXITED)
    site.shared("s59", BROKEN)


@pytest.fixture(scope="session")
def ran(new_site: Callable[[], Site]) -> Published:
    if not SHARED.is_dir():
        pytest.skip(f"the notebooks to test with are not here: {SHARED}")
    site = new_site()
    write_notebooks(site)
    sets = "- {name: weak, alpha: 0.5}\n- {name: strong, alpha: 10}"
    say = "echo said $(nb.Outcome) $(nb.Total) $(nb.Passed) $(nb.Failed) $(nb.TestRunId) $(nb.ResultsFile) %s %s"
    pipeline = {
        "stages": [
            {
                "stage": "Check",
                "jobs": [
                    {
                        "job": "run",
                        "steps": [
                            task(TRAIN, name="sweep", parameterSets=sets),
                            task("**/*.ipynb", f"!{TRAIN}", publish="testResults, tab, summary, junit")
                            | {"continueOnError": True, "displayName": "Check the notebooks"},
                            script(say % ("$(sweep.Outcome)", "$(sweep.Scraps.notebooks_train_weak.score)")),
                            {
                                "task": "PublishTestResults@2",
                                "displayName": "JUnit",
                                "inputs": {
                                    "testResultsFormat": "JUnit",
                                    "testResultsFiles": "junit.xml",
                                    "searchFolder": "$(nb.ResultsFolder)",
                                },
                            },
                        ],
                    },
                    {
                        "job": "later",
                        "dependsOn": "run",
                        "variables": {
                            "failed": "$[ dependencies.run.outputs['nb.Failed'] ]",
                            "kind": "$[ dependencies.run.outputs['sweep.Scraps.notebooks_train_strong.kind'] ]",
                        },
                        "steps": [script("echo later $(failed) $(kind)", "tell")],
                    },
                ],
            }
        ]
    }
    return site.run(pipeline=pipeline)


@pytest.fixture
def swept(ran: Published) -> Run:
    return ran.test_runs[0]


@pytest.fixture
def checked(ran: Published) -> Run:
    return ran.test_runs[1]


def test_each_step_has_one_completed_test_run_of_its_own_with_a_result_for_each_notebook_and_set(
    ran: Published, swept: Run, checked: Run
) -> None:
    """Requirements 0.12, 0.13, 0.15: one run a step, Completed, named after it."""
    assert [(run.request.name, run.state) for run in (swept, checked)] == [
        ("RunNotebookOnAML", "Completed"),
        ("Check the notebooks", "Completed"),
    ]
    assert {title: result.outcome for title, result in ran.results(swept).items()} == {
        f"{TRAIN} [weak]": "Passed",
        f"{TRAIN} [strong]": "Passed",
    }
    assert {title: result.outcome for title, result in ran.results(checked).items()} == {
        PRICES: "Failed",
        SLOW: "Timeout",
        SKIPPED: "Passed",
        EXITED: "Passed",
        BROKEN: "Failed",
    }


def test_names_by_which_history_is_kept_are_paths_and_sets(ran: Published, swept: Run) -> None:
    result = ran.results(swept)[f"{TRAIN} [weak]"]

    assert (result.automated_test_name, result.automated_test_storage) == (f"{TRAIN} [weak]", TRAIN)


def test_a_test_run_belongs_to_its_build_stage_and_job(ran: Published, checked: Run) -> None:
    reference = checked.request.pipeline_reference

    assert checked.request.build is not None
    assert checked.request.build.id == str(ran.build.id)
    assert reference is not None
    assert (reference.pipeline_id, reference.stage_reference.stage_name) == (ran.build.id, "Check")  # type: ignore[union-attr]
    assert reference.phase_reference.phase_name == "run"  # type: ignore[union-attr]


def test_every_cell_is_a_sub_result_called_by_its_heading_and_first_line(ran: Published, checked: Run) -> None:
    cells = ran.results(checked)[PRICES].sub_results

    assert [(cell.display_name, cell.outcome) for cell in cells] == [
        ("Load: prices = {'EUR': 1}", "Passed"),
        ("Convert all: value = prices['GBP']", "Failed"),
        ("Convert all: print('never')", "NotExecuted"),
    ]
    assert cells[1].error_message == "KeyError: 'GBP'"
    assert "----> 1 value = prices['GBP']" in (cells[1].stack_trace or "")


def test_failures_say_which_cell_and_what_it_raised(ran: Published, checked: Run) -> None:
    results = ran.results(checked)

    assert results[PRICES].error_message == "Cell 2 \"Convert all: value = prices['GBP']\" raised KeyError: 'GBP'"
    assert "KeyError: 'GBP'" in (results[PRICES].stack_trace or "")
    assert results[SLOW].error_message == 'Cell 2 "import time" took longer than the cell time-out of 2 s.'
    assert "is not valid JSON: line 1, column 1" in (results[BROKEN].error_message or "")
    assert "ended the notebook early" in (results[EXITED].comment or "")


def test_durations_are_those_of_the_notebooks(ran: Published, checked: Run) -> None:
    slow = ran.results(checked)[SLOW]

    assert slow.duration_in_ms is not None
    assert 2_000 < slow.duration_in_ms < 60_000
    assert slow.started_date is not None
    assert slow.completed_date is not None
    assert (slow.completed_date - slow.started_date).total_seconds() * 1000 == pytest.approx(slow.duration_in_ms, abs=2)
    (_, sleeping, _) = slow.sub_results
    assert 2_000 <= (sleeping.duration_in_ms or 0) <= slow.duration_in_ms


def test_attachments_hang_on_the_results_and_open(ran: Published, swept: Run, checked: Run) -> None:
    """Requirement 0.14: executed notebook, page, console log and images, each whole and of its kind."""
    attached = ran.attached(f"{TRAIN} [strong]", swept)
    assert sorted(attached) == [
        "Standard_Console_Output.log",
        "cell-004-1.png",
        "executed.ipynb",
        "notebooks.train--strong.html",
    ]
    executed = nbformat.reads(attached["executed.ipynb"].decode(), as_version=4)
    nbformat.validate(executed)
    assert executed.cells[2].source.endswith("alpha = 10\n")
    assert attached["cell-004-1.png"].startswith(PNG)
    assert b"score of 10" in attached["Standard_Console_Output.log"]
    page = attached["notebooks.train--strong.html"].decode()
    assert page.lower().startswith("<!doctype html>")
    assert "data:image/png;base64," in page
    assert "<script" not in page.lower()
    assert set(ran.attached(BROKEN, checked)) == {"real.broken.html"}
    assert ran.attachments(checked, 0) == []


def test_a_page_of_a_failed_notebook_shows_the_error_and_the_headings_as_text(ran: Published, checked: Run) -> None:
    page = ran.attached(PRICES, checked)["notebooks.prices.html"].decode()

    assert "KeyError" in page
    assert "Convert <b>all</b>" in page or "Convert all" in page


def test_later_steps_and_jobs_read_the_outcome_and_the_scraps(ran: Published, checked: Run) -> None:
    results = ran.staging / "notebooks" / "nb" / "results.json"

    assert f"said failed 5 2 3 {checked.id} {results} passed 1.0" in printed(ran)
    assert "later 3 ridge regression" in printed(ran, "tell")


def test_the_verdict_is_the_notebooks_and_continue_on_error_makes_it_a_warning(ran: Published) -> None:
    assert ran.verdicts == {
        "Checkout repository@main to s": "succeeded",
        "RunNotebookOnAML": "succeeded",
        "Check the notebooks": "succeededWithIssues",
        "said": "succeeded",
        "JUnit": "succeeded",
        "tell": "succeeded",
    }
    assert ran.result.result == "partiallySucceeded"


def test_failures_are_issues_of_the_step_at_their_notebooks(ran: Published) -> None:
    issues = [issue for issue in ran.issues("Check the notebooks") if issue.type == "error"]

    assert sorted(issue.data.get("sourcepath", "") for issue in issues) == sorted([PRICES, SLOW, BROKEN])
    assert any("raised KeyError: 'GBP'" in issue.message for issue in issues)


def test_the_summary_is_on_the_runs_page(ran: Published) -> None:
    (name, summary), *_ = ran.tab("Distributedtask.Core.Summary").items()

    assert name == "summary.md"
    assert b"**2 passed, 3 failed** of 5" in summary


def test_the_tab_finds_its_files_by_names_that_carry_stage_job_and_attempt(ran: Published) -> None:
    attached = ran.tab()
    index = TabIndex.model_validate_json(attached["Check~run~1~nb.index.json"])

    context = index.context
    assert (context.task, context.stage, context.job, context.attempt) == ("RunNotebookOnAML", "Check", "run", 1)
    assert (context.branch, context.commit) == ("refs/heads/main", ran.build.source_version)
    files = {file.attachment for result in index.results for file in result.files}
    assert "Check~run~1~nb~notebooks.prices~executed.ipynb" in files
    assert files <= attached.keys()
    assert len(index.results) == 5


def test_the_tab_says_which_line_of_which_cell_failed(ran: Published) -> None:
    index = TabIndex.model_validate_json(ran.tab()["Check~run~1~nb.index.json"])
    results = {result.notebook: result for result in index.results}

    prices = results[PRICES]
    assert prices.failure is not None
    assert (prices.cells.done, prices.cells.total) == (2, 3)
    assert (prices.failure.error_name, prices.failure.number, prices.failure.line) == ("KeyError", "[2]", 1)
    assert prices.failure.excerpt == "value = prices['GBP']"
    assert prices.failure.text.endswith("KeyError: 'GBP'")
    assert prices.environment.startswith("python 3")
    assert results[BROKEN].failure is None
    assert results[BROKEN].message


def test_the_tab_has_what_a_notebook_recorded_its_last_figure_and_its_cells(ran: Published) -> None:
    attached = ran.tab()
    weak, strong = TabIndex.model_validate_json(attached["Check~run~1~sweep.index.json"]).results

    assert (weak.scraps, strong.parameters) == ({"score": 1.0, "kind": "ridge regression"}, {"alpha": "10"})
    assert weak.thumbnail is not None
    assert attached[weak.thumbnail.attachment].startswith(PNG)
    heading, *_, training = CellsRecord.model_validate_json(attached[weak.record]).cells
    assert heading.heading == "# Training"
    assert [output.kind.value for output in training.outputs] == ["text", "other", "other", "image"]


def test_while_the_step_ran_the_tab_could_follow_it(ran: Published) -> None:
    first = TabIndex.model_validate_json(ran.tab()["Check~run~1~nb.1.progress.json"])
    last = TabIndex.model_validate_json(ran.tab()["Check~run~1~nb.index.json"])

    assert first.finished_at is None
    assert [result.run_id for result in first.results] == [result.run_id for result in last.results]
    assert first.number < last.number


def test_the_junit_file_is_read_by_the_task_that_publishes_such(ran: Published) -> None:
    suites = ElementTree.parse(ran.staging / "notebooks" / "nb" / "junit.xml").getroot()
    cases = {case.get("name"): case for case in suites.iter("testcase")}

    assert len(cases) == 5
    assert cases[PRICES].find("failure") is not None
    published = ran.test_runs[2]
    assert {title: result.outcome for title, result in ran.results(published).items()} == {
        PRICES: "Failed",
        SLOW: "Failed",
        SKIPPED: "Passed",
        EXITED: "Passed",
        BROKEN: "Failed",
    }


def test_the_results_file_holds_it_all(ran: Published) -> None:
    assert ran.outcomes == {
        PRICES: "failed",
        SLOW: "timedOut",
        SKIPPED: "passed",
        EXITED: "passed",
        BROKEN: "invalid",
    }
    weak, strong = ran.report("sweep")["results"]
    assert weak["scraps"] == {"score": 1.0, "kind": "ridge regression"}
    assert strong["parameters"] == {"alpha": 10}
    for result in ran.report("sweep")["results"]:
        assert all((ran.staging / artefact["path"]).is_file() for artefact in result["artefacts"])


def test_the_log_folds_each_notebook_and_ends_with_the_verdict(ran: Published) -> None:
    log = ran.log("Check the notebooks")

    assert sum(line.startswith("##[group]") for line in log) == sum(line == "##[endgroup]" for line in log) == 4
    assert "##[section]3 of 5 notebooks failed." in log
    assert not [line for line in log if "\x1b" in line]
