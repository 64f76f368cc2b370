"""A run that is cancelled, or whose launcher is killed: nothing stays, and what was done by then is published."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import psutil
import pytest

from amltasks.report.tab_records import INDEX, TabIndex
from sandbox.agent import Agent, Timing
from sandbox.faults import Fault
from tests.task.pipelines import Published, Site, script, task

NOTEBOOKS = [f"n{number}.ipynb" for number in range(6)]
# Seconds after the task has started, with an environment that is ready: launcher, Python, kernels, cells, publishing.
MOMENTS = [0.2, 0.6, 1.2, 2.0, 3.0, 4.5, 6.0, 7.5, 9.0]
ALLOWED = 7.0  # seconds from the cancel to the end of the step; then the agent gets harsh


def write_notebooks(site: Site) -> None:
    """Two that are quick and four that are not, so that the run takes longer than the last of the moments."""
    for number, name in enumerate(NOTEBOOKS):
        seconds = 1 if number < 2 else 5
        site.notebook(name, "import time\nprint('begun', flush=True)", f"time.sleep({seconds})", "print('done')")


def left_below(folder: Path) -> list[str]:
    """Command lines of processes that an agent in this folder has started, or that work there."""
    found = []
    for process in psutil.process_iter(["cwd", "cmdline", "environ"]):
        about = process.info
        places = [about["cwd"] or "", *(about["cmdline"] or []), *(about["environ"] or {}).values()]
        if process.pid != os.getpid() and any(str(folder) in place for place in places):
            found.append(" ".join(about["cmdline"] or []))
    return found


def orphans(ran: Published) -> list[str]:
    """What the agent itself had to kill at the end of the job."""
    return [line for line in ran.log("Finalize Job") if "Terminate orphan process" in line]


def cancelled_after(
    site: Site, seconds: float, line: str = "Starting: the notebooks", **inputs: str
) -> tuple[Published, float]:
    """A run that is cancelled so long after a line of the log, and what the task took to end after that."""
    moment: list[float] = []

    def watch(agent: Agent) -> None:
        def cancel() -> None:
            while not any(line in shown for shown in site.shown):
                time.sleep(0.01)
            time.sleep(seconds)
            moment.append(time.time())
            agent.cancel()

        threading.Thread(target=cancel, daemon=True).start()

    step = task("*.ipynb", displayName="the notebooks", maxParallel="2", **inputs)
    ran = site.run(step, after_start=watch)
    ended = ran.result.record("the notebooks").finish_time
    assert ended is not None
    return ran, ended.timestamp() - moment[0]


def check_cancelled(ran: Published, took: float) -> list[str]:
    """That all is as it should be; answers with the notebooks that had finished."""
    assert took < ALLOWED
    assert ran.verdicts["the notebooks"] == "canceled"
    assert ran.result.result == "canceled"
    assert orphans(ran) == []
    assert left_below(ran.folder) == []
    log = ran.log("the notebooks")
    finished = [name for name in NOTEBOOKS if any(line.startswith(f"{name}: passed") for line in log)]
    if not ran.test_runs:
        assert not finished
        return []
    assert (ran.test_run.state, ran.test_run.substate) == ("Aborted", "canceledByUser")
    results = ran.results()
    assert {name for name, result in results.items() if result.outcome == "Passed"} == set(finished)
    for name in finished:
        assert "executed.ipynb" in ran.attached(name)
    check_tab(ran, finished)
    return finished


def check_tab(ran: Published, finished: list[str]) -> None:
    """The tab's index came in time, and names what is there."""
    attached = ran.tab()
    (index,) = (TabIndex.model_validate_json(content) for name, content in attached.items() if name.endswith(INDEX))
    assert index.cancelled
    assert [result.notebook for result in index.results if result.ok] == sorted(finished)
    assert {file.attachment for result in index.results for file in result.files} <= attached.keys()


@pytest.mark.parametrize(
    "seconds", [pytest.param(each, marks=[] if each in (1.2, 6.0) else pytest.mark.long) for each in MOMENTS]
)
def test_a_cancelled_run_ends_at_once_leaves_nothing_and_has_published_what_was_done(
    seconds: float, site: Site
) -> None:
    """At whatever moment it comes: the run of tests stands Aborted, or was never begun."""
    write_notebooks(site)

    ran, took = cancelled_after(site, seconds)

    finished = check_cancelled(ran, took)
    published = f"{len(finished)} finished ones published" if ran.test_runs else "no test run yet"
    print(f"cancelled {seconds:4} s after the start: over {took:.2f} s later, {published}")


@pytest.mark.long
def test_a_notebook_that_had_finished_by_the_cancel_is_published(site: Site) -> None:
    write_notebooks(site)

    ran, took = cancelled_after(site, 0.5, "n1.ipynb: passed")

    assert "n1.ipynb" in check_cancelled(ran, took)


def test_a_cancel_while_all_is_being_published_is_obeyed_as_quickly(site: Site) -> None:
    """Azure DevOps takes no attachments for now, which the task would have tried for two minutes."""
    site.notebook("good.ipynb", "1")
    site.world.faults.add(Fault(method="POST", path="*/attachments", status=503))

    ran, took = cancelled_after(site, 1.5, "good.ipynb: passed")

    assert 1 < took < ALLOWED
    assert ran.verdicts["the notebooks"] == "canceled"
    assert orphans(ran) == []
    assert ran.test_run.state == "Completed"
    assert ran.results()["good.ipynb"].outcome == "Passed"
    assert "Not in the test run: " in (ran.test_run.request.comment or "")


def test_when_the_launcher_alone_is_killed_python_and_the_kernels_end_by_themselves(site: Site) -> None:
    """As the agent's last resort is, or the kernel's out-of-memory killer. The agent's own cleaning comes later."""
    site.notebook("long.ipynb", "print('begun', flush=True)", "import time\ntime.sleep(120)")
    seen: list[int] = []

    def watch(agent: Agent) -> None:
        def kill() -> None:
            while not any("begun" in line for line in site.shown):
                time.sleep(0.05)
            for process in psutil.process_iter(["cmdline"]):
                command = process.info["cmdline"] or []
                if len(command) == 2 and command[1].endswith("launcher.js") and str(site.folder) in command[1]:
                    seen.append(process.pid)
                    process.kill()

        threading.Thread(target=kill, daemon=True).start()

    wait = script("sleep 7", "wait", condition="always()")
    ran = site.run(task("long.ipynb", displayName="the notebooks"), wait, after_start=watch)

    assert len(seen) == 1
    assert ran.verdicts["the notebooks"] == "failed"
    assert orphans(ran) == []
    assert left_below(site.folder) == []
    assert ran.test_run.state == "Aborted"


def test_a_step_that_runs_out_of_its_own_time_is_cleared_up_like_a_cancelled_one(site: Site) -> None:
    site.notebook("quick.ipynb", "1")
    site.notebook("long.ipynb", "import time\ntime.sleep(120)")

    step = task("quick.ipynb", "long.ipynb", displayName="the notebooks", timeoutInMinutes=1)
    ran = site.run(step, timing=Timing(minute=12))

    assert ran.verdicts["the notebooks"] == "failed"
    assert "The task has timed out." in ran.errors("the notebooks")
    assert orphans(ran) == []
    assert ran.test_run.state == "Aborted"
    assert ran.results()["quick.ipynb"].outcome == "Passed"


def test_the_time_for_everything_ends_the_notebooks_and_all_is_published(site: Site) -> None:
    """runTimeout is no cancel: the run is Completed and the step has failed."""
    site.notebook("quick.ipynb", "1")
    site.notebook("long.ipynb", "import time\ntime.sleep(120)")

    ran = site.run(task("quick.ipynb", "long.ipynb", displayName="the notebooks", runTimeout="15s"))

    assert ran.verdicts["the notebooks"] == "failed"
    assert ran.test_run.state == "Completed"
    assert {name: result.outcome for name, result in ran.results().items()} == {
        "quick.ipynb": "Passed",
        "long.ipynb": "Timeout",
    }
