"""Cancel: signals to one process with the agent's patience between them, and the clean-up at the end of the job."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psutil
import pytest

from sandbox.agent import Agent, Timing
from tests.sandbox.agent.pipelines import QUICK, NodeTask, Pipelines, Ran

# Starts a child that outlives it, writes down which signals came and when, and ends as it is told.
SIGNALS = NodeTask(
    "Signals",
    """
    const fs = require('fs');
    const { spawn } = require('child_process');
    const folder = process.env.PIPELINE_WORKSPACE;
    const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    fs.writeFileSync(folder + '/child.pid', String(child.pid));
    const start = Date.now();
    const note = (signal) => fs.appendFileSync(folder + '/signals', signal + ' ' + Date.now() + '\\n');
    const endOn = process.env.INPUT_ENDON;
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.on(signal, () => { note(signal); console.log('got ' + signal); if (signal === endOn) process.exit(0); });
    }
    setInterval(() => {}, 1000);
    fs.writeFileSync(folder + '/ready', '');
    """,
    {"inputs": [{"name": "endOn", "label": "e", "type": "string"}]},
)
TAIL = """
        - bash: echo no
          displayName: next
        - bash: echo "status $AGENT_JOBSTATUS"
          displayName: always
          condition: always()
        - bash: echo c
          displayName: when canceled
          condition: canceled()
"""


def cancel_when_ready(pipelines: Pipelines, yaml: str, *tasks: NodeTask, timing: Timing = QUICK) -> Ran:
    """Run, and cancel as soon as a step has made the file `ready` in the job's folder."""
    ready = pipelines.folder / "agent/_work/1/ready"

    def watch(agent: Agent) -> None:
        def wait() -> None:
            while not ready.exists():
                time.sleep(0.02)
            agent.cancel()

        threading.Thread(target=wait, daemon=True).start()

    return pipelines.run(yaml, *tasks, timing=timing, after_start=watch)


def signals(pipelines: Pipelines) -> list[tuple[str, float]]:
    """Signals that came, each with the seconds since the first."""
    lines = (pipelines.folder / "agent/_work/1/signals").read_text().split("\n")[:-1]
    times = [(name, int(stamp) / 1000) for name, stamp in (line.split() for line in lines)]
    return [(name, stamp - times[0][1]) for name, stamp in times]


@pytest.mark.parametrize(("end_on", "expected"), [("SIGINT", ["SIGINT"]), ("SIGTERM", ["SIGINT", "SIGTERM"])])
def test_a_canceled_process_is_asked_twice_before_it_is_killed(
    pipelines: Pipelines, end_on: str, expected: list[str]
) -> None:
    """SIGINT, then after a while SIGTERM; the step is Canceled even though the process ended with 0."""
    yaml = f"""
        steps:
        - checkout: none
        - task: Signals@1
          inputs: {{endOn: {end_on}}}{TAIL}"""
    ran = cancel_when_ready(pipelines, yaml, SIGNALS)
    came = signals(pipelines)

    assert [name for name, _ in came] == expected
    assert all(0.1 < seconds < 5 for _, seconds in came[1:])  # 0.4, but for a busy machine
    assert ran.verdicts == {
        "Signals": "canceled",
        "next": "skipped",
        "always": "succeeded",
        "when canceled": "succeeded",
    }
    assert "status Canceled" in ran.log("always")
    assert ran.result.result == "canceled"
    assert "The operation was canceled." in ran.errors("Signals")
    assert ran.errors("next") == []


def test_a_process_that_ignores_all_signals_is_killed(pipelines: Pipelines) -> None:
    """SIGKILL goes to that process alone; its child lives until the job is finalized."""
    started = time.monotonic()
    ran = cancel_when_ready(pipelines, "steps: [{checkout: none}, {task: Signals@1}]", SIGNALS)
    child = int((pipelines.folder / "agent/_work/1/child.pid").read_text())

    assert time.monotonic() - started < 40  # and not the minute that the child sleeps
    assert ran.verdicts == {"Signals": "canceled"}
    assert f"Terminate orphan process: pid ({child}) (sleep)" in ran.log("Finalize Job")
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_variables_of_the_pipeline_set_the_patience(pipelines: Pipelines) -> None:
    """PROCESS_SIGINT_TIMEOUT and PROCESS_SIGTERM_TIMEOUT, in milliseconds, as for the real agent."""
    yaml = """
        variables: {PROCESS_SIGINT_TIMEOUT: 100, PROCESS_SIGTERM_TIMEOUT: 100}
        steps: [{checkout: none}, {task: Signals@1, inputs: {endOn: SIGTERM}}]"""
    cancel_when_ready(pipelines, yaml, SIGNALS, timing=Timing(interrupt=30, terminate=30, streams=0.2))

    assert signals(pipelines)[1][1] < 15  # and not thirty seconds


def test_a_canceled_script_lives_on_until_the_end_of_the_job(pipelines: Pipelines) -> None:
    """Only the Node process above it gets the signal: the well-known trap of script steps."""
    ran = cancel_when_ready(
        pipelines,
        """
        steps:
        - checkout: none
        - bash: |
            echo $$ > $(Pipeline.Workspace)/script.pid
            touch $(Pipeline.Workspace)/ready
            sleep 60
          displayName: script
        - bash: kill -0 $(cat $(Pipeline.Workspace)/script.pid) && echo alive
          displayName: looks
          condition: always()
        """,
    )
    pid = int((pipelines.folder / "agent/_work/1/script.pid").read_text())

    assert ran.verdicts == {"script": "canceled", "looks": "succeeded"}
    assert "alive" in ran.log("looks")
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_step_that_wants_to_run_when_canceled_is_not_stopped(pipelines: Pipelines) -> None:
    ran = cancel_when_ready(
        pipelines,
        """
        steps:
        - checkout: none
        - bash: touch $(Pipeline.Workspace)/ready; sleep 0.6; echo finished
          displayName: cleans up
          condition: always()
        """,
    )

    assert ran.verdicts == {"cleans up": "succeeded"}
    assert "finished" in ran.log("cleans up")
    assert ran.result.result == "canceled"


def test_even_such_a_step_ends_with_the_jobs_cancel_timeout(pipelines: Pipelines) -> None:
    ran = cancel_when_ready(
        pipelines,
        """
        jobs:
        - job: j
          cancelTimeoutInMinutes: 1
          steps:
          - checkout: none
          - bash: touch $(Pipeline.Workspace)/ready; sleep 60
            displayName: hangs
            condition: always()
          - bash: echo no
            displayName: next
            condition: always()
        """,
        timing=Timing(interrupt=0.2, terminate=0.2, streams=0.2, minute=0.5),
    )

    assert ran.verdicts == {"hangs": "canceled", "next": "skipped"}


def test_later_jobs_and_stages_do_not_run_after_a_cancel(pipelines: Pipelines) -> None:
    """…but those that say so."""
    ran = cancel_when_ready(
        pipelines,
        """
        stages:
        - stage: one
          jobs:
          - job: a
            steps: [{checkout: none}, {bash: 'touch $(Pipeline.Workspace)/ready; sleep 60', displayName: waits}]
          - job: b
            dependsOn: a
            steps: [{checkout: none}, {bash: echo, displayName: no}]
        - stage: two
          jobs: [{job: c, steps: [{checkout: none}, {bash: echo, displayName: no}]}]
        - stage: three
          condition: always()
          jobs:
          - job: d
            condition: always()
            steps: [{checkout: none}, {bash: echo, displayName: end, condition: always()}]
        """,
    )
    results = {record.name: record.result for record in ran.result.records if record.type in ("Stage", "Phase")}

    assert results["b"] == results["two"] == "skipped"
    assert results["one"] == "canceled"
    assert ran.verdicts["end"] == "succeeded"


def test_a_grandchild_that_holds_the_output_delays_the_step_only_a_while(pipelines: Pipelines) -> None:
    task = NodeTask(
        "Holds",
        """
        const { spawn } = require('child_process');
        const child = spawn('sleep', ['60'], { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
        child.unref();
        console.log('leaving');
        """,
    )
    started = time.monotonic()
    ran = pipelines.run("steps: [{checkout: none}, {task: Holds@1}]", task)

    assert time.monotonic() - started < 40  # and not the minute that the child sleeps
    assert ran.verdicts == {"Holds": "succeeded"}
    assert "leaving" in ran.log("Holds")
    assert any("(sleep)" in line for line in ran.log("Finalize Job"))


def test_process_clean_false_leaves_processes_alone(pipelines: Pipelines, tmp_path: Path) -> None:
    ran = pipelines.run(
        f"""
        variables: {{process.clean: false}}
        steps:
        - checkout: none
        - bash: nohup sleep 60 > /dev/null 2>&1 & echo $! > {tmp_path}/pid
        """
    )
    pid = int((tmp_path / "pid").read_text())

    assert psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    psutil.Process(pid).kill()
    assert "Start cleaning up orphan processes." not in ran.log("Finalize Job")
