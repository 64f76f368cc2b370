"""A hostile notebook in a pipeline: nothing that it prints, names or raises does anything in the agent's log."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.notebooks.running import SHARED
from tests.task.pipelines import Published, Site, printed, script, task

pytestmark = pytest.mark.xdist_group("log injection")

COMMAND = "##vso[task.setvariable variable=pwned_{}]pwned"
FILE = "notebooks/" + COMMAND.format("file") + ".ipynb"
STEPS = ("harmless", "hostile")


def job(name: str, *notebooks: str, **inputs: str) -> dict[str, object]:
    """The same steps for both: the task, and a script that tells its environment."""
    tell = "env | cut -d= -f1 | sort | tr '\\n' ' '; echo; echo PATH=$PATH; echo not masked: pwned"
    step = task(*notebooks, continueOnError=True, displayName=f"run {name}", **inputs)
    return {"job": name, "steps": [step, script(tell, f"tell {name}")]}


@pytest.fixture(scope="session")
def ran(new_site: Callable[[], Site]) -> Published:
    if not SHARED.is_dir():
        pytest.skip(f"the notebooks to test with are not here: {SHARED}")
    site = new_site()
    site.notebook("notebooks/harmless.ipynb", "name = 'x'", "raise ValueError('boom')")
    (site.repository / "hostile").mkdir()
    (site.repository / "hostile" / "h2.ipynb").write_bytes((SHARED / "hostile" / "h2_log_injection.ipynb").read_bytes())
    site.notebook(FILE, COMMAND.format("title") + " = 1")
    hostile = job("hostile", "hostile/*.ipynb", FILE.replace("[", "[[]"), testRunTitle=COMMAND.format("run"))
    return site.run(pipeline={"jobs": [job("harmless", "notebooks/harmless.ipynb"), hostile]})


def test_it_ran_and_failed_as_the_harmless_one_did(ran: Published) -> None:
    assert ran.verdicts["run harmless"] == ran.verdicts["run hostile"] == "succeededWithIssues"
    assert len(ran.test_runs) == 2
    assert len(ran.results(ran.test_runs[1])) == 2


def test_no_variable_and_no_path_was_set(ran: Published) -> None:
    """Every name but those by which the steps differ is the same in both jobs."""
    harmless, hostile = (printed(ran, f"tell {name}") for name in STEPS)

    assert harmless[-3:] == hostile[-3:]
    assert "NB_OUTCOME" in hostile[-3]
    assert "PWNED" not in hostile[-3].upper()


def test_nothing_was_masked_because_a_notebook_said_so(ran: Published) -> None:
    assert printed(ran, "tell hostile")[-1] == "not masked: pwned"


def test_build_number_tags_and_artifacts_are_untouched(ran: Published) -> None:
    build = ran.world.builds.get(ran.build.id)

    assert "pwned" not in build.number
    assert build.tags == ()
    assert ran.world.builds.artifacts(build.id) == []


def test_only_the_tasks_own_files_are_attached(ran: Published) -> None:
    attached = ran.world.builds.attachments(ran.build.id)

    assert {each.type for each in attached} == {"amltasks.notebooks", "Distributedtask.Core.Summary"}
    assert sum(each.type == "Distributedtask.Core.Summary" for each in attached) == 2
    assert not [each for each in attached if re.search(r"[^A-Za-z0-9_.()=~-]", each.name)]


def test_issues_are_the_tasks_own_and_on_one_line(ran: Published) -> None:
    issues = ran.issues("run hostile")

    assert {issue.data.get("sourcepath") for issue in issues} == {"hostile/h2.ipynb"} | {
        issue.data.get("sourcepath") for issue in issues if "pwned_file" in issue.message
    }
    assert not [issue for issue in issues if "##vso[" in issue.message or issue.message == "pwned-issue"]


def test_the_agent_found_no_command_that_it_could_not_run_either(ran: Published) -> None:
    log = ran.log("run hostile")

    assert not [line for line in log if "##vso" in line.lower().replace("##_vso", "")]
    assert not [line for line in log if "Unable to process command" in line or "is not allowed in this step" in line]
    formatted = [line for line in log if re.match(r"##\[(error|warning|section|group|command|debug)\]", line)]
    assert not [line for line in formatted if re.match(r"##\[\w+\]pwned", line)]


def test_the_text_stays_readable(ran: Published) -> None:
    log = "\n".join(ran.log("run hostile"))

    assert "##_vso[task.setvariable variable=pwned_var;isOutput=true]pwned-value" in log
    assert "##_vso[task.setvariable variable=pwned_file]pwned.ipynb" in log
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e\u200b]", log)
