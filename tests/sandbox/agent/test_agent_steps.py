"""Steps: what runs, what does not, and how it ends."""

from __future__ import annotations

import threading
import time

import pytest

from sandbox.agent import Agent, PipelineError, Timing
from tests.sandbox.agent.pipelines import QUICK, NodeTask, Pipelines

FLAKY = NodeTask(
    "Flaky",
    """
    const fs = require('fs');
    const file = process.env.AGENT_TEMPDIRECTORY + '/count';
    const count = fs.existsSync(file) ? Number(fs.readFileSync(file)) + 1 : 1;
    fs.writeFileSync(file, String(count));
    console.log('attempt ' + count);
    process.exit(count < 3 ? 1 : 0);
    """,
)


def test_a_failed_step_skips_those_that_want_success_and_not_those_that_always_run(pipelines: Pipelines) -> None:
    """`succeeded()` is the default condition; failed() and always() see the job as it stands."""
    ran = pipelines.run(
        """
        steps:
        - checkout: none
        - bash: exit 3
          displayName: fails
        - bash: echo no
          displayName: by default
        - bash: echo cleaning
          displayName: after failure
          condition: failed()
        - bash: echo end
          displayName: always
          condition: always()
        - bash: echo no
          displayName: disabled
          enabled: false
        """
    )

    assert ran.result.result == "failed"
    assert ran.verdicts == {
        "fails": "failed",
        "by default": "skipped",
        "after failure": "succeeded",
        "always": "succeeded",
    }
    assert ran.errors("fails") == ["Bash exited with code '3'."]


def test_continue_on_error_makes_a_failed_step_succeed_with_issues(pipelines: Pipelines) -> None:
    """…and the run partially succeeded."""
    ran = pipelines.run(
        """
        steps:
        - checkout: none
        - bash: exit 1
          displayName: may fail
          continueOnError: true
        - bash: echo "$AGENT_JOBSTATUS"
          displayName: next
        """
    )

    assert ran.verdicts == {"may fail": "succeededWithIssues", "next": "succeeded"}
    assert "SucceededWithIssues" in ran.log("next")
    assert ran.result.result == "partiallySucceeded"


def test_a_timed_out_step_has_failed(pipelines: Pipelines) -> None:
    """Not canceled: the process cannot tell, but the timeline does."""
    ran = pipelines.run(
        """
        steps:
        - checkout: none
        - bash: sleep 30
          displayName: slow
          timeoutInMinutes: 1
        """,
        timing=Timing(interrupt=0.2, terminate=0.2, streams=0.2, minute=0.4),
    )

    assert ran.verdicts == {"slow": "failed"}
    assert ran.errors("slow") == ["The task has timed out."]


def test_a_job_that_takes_too_long_is_canceled(pipelines: Pipelines) -> None:
    ran = pipelines.run(
        """
        jobs:
        - job: long
          timeoutInMinutes: 1
          steps:
          - checkout: none
          - bash: sleep 30
            displayName: slow
          - bash: echo cleaned
            displayName: always
            condition: always()
        """,
        timing=Timing(interrupt=0.2, terminate=0.2, streams=0.2, minute=0.5),
    )

    assert ran.verdicts == {"slow": "canceled", "always": "succeeded"}
    assert ran.result.result == "canceled"
    assert "ran longer than the maximum time of 1 minutes" in ran.errors("long")[0]


def test_a_failed_task_is_tried_again_in_the_same_folder(pipelines: Pipelines) -> None:
    """retryCountOnTaskFailure: files of earlier attempts are still there; each further attempt is a warning."""
    ran = pipelines.run(
        """
        steps:
        - checkout: none
        - task: Flaky@1
          retryCountOnTaskFailure: 3
        """,
        FLAKY,
    )

    assert ran.verdicts == {"Flaky": "succeeded"}
    assert [line for line in ran.log("Flaky") if line.startswith("attempt")] == ["attempt 1", "attempt 2", "attempt 3"]
    assert "afer 1000 ms" in ran.warnings("Flaky")[0]
    assert "afer 4000 ms" in ran.warnings("Flaky")[1]


def test_a_task_that_keeps_failing_fails_after_its_last_attempt(pipelines: Pipelines) -> None:
    ran = pipelines.run(
        """
        steps:
        - checkout: none
        - task: Flaky@1
          retryCountOnTaskFailure: 1
        """,
        FLAKY,
    )

    assert ran.verdicts == {"Flaky": "failed"}
    assert "Exit code 1 returned from process" in ran.errors("Flaky")[-1]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("eq(variables.kind, 'NIGHTLY')", "succeeded"),
        ("eq(variables['kind'], 'weekly')", "skipped"),
        ("and(succeeded(), in(variables.kind, 'a', 'nightly'))", "succeeded"),
        ("or(failed(), startsWith(variables.kind, 'night'))", "succeeded"),
        ("not(contains(variables.kind, 'ight'))", "skipped"),
        ("eq(variables.absent, '')", "succeeded"),
        ("false", "skipped"),
    ],
)
def test_conditions_see_variables(pipelines: Pipelines, condition: str, expected: str) -> None:
    ran = pipelines.run(
        f"""
        variables:
          kind: nightly
        steps:
        - checkout: none
        - bash: echo ran
          displayName: step
          condition: {condition}
        """
    )

    assert ran.verdicts == {"step": expected}


def test_a_condition_that_makes_no_sense_fails_the_step(pipelines: Pipelines) -> None:
    ran = pipelines.run(
        """
        steps:
        - checkout: none
        - bash: echo no
          displayName: step
          condition: nonsense(1)
        """
    )

    assert ran.verdicts == {"step": "failed"}
    assert ran.errors("step") == ["Unrecognized function: 'nonsense'"]


def test_tasks_run_before_and_after_the_jobs_steps(pipelines: Pipelines) -> None:
    """Pre-job parts come first, post-job parts last and in reverse, even after a failure; they share variables."""
    handler = {"Node20_1": {"target": "main.js"}}
    task = NodeTask(
        "Around",
        """
        const seen = process.env.VSTS_TASKVARIABLE_STATE || 'nothing';
        console.log(process.env.INPUT_WHO + ' sees ' + seen);
        console.log('##vso[task.settaskvariable variable=state]' + process.env.INPUT_WHO);
        if (seen === process.env.INPUT_WHO) process.exit(process.env.INPUT_FAIL === 'true' ? 1 : 0);
        """,
        {
            "inputs": [
                {"name": "who", "label": "w", "type": "string"},
                {"name": "fail", "label": "f", "type": "boolean", "defaultValue": False},
            ],
            "prejobexecution": handler,
            "postjobexecution": handler,
        },
    )
    ran = pipelines.run(
        """
        steps:
        - checkout: none
        - {task: Around@1, displayName: one, inputs: {who: one}}
        - {task: Around@1, displayName: two, inputs: {who: two, fail: true}}
        """,
        task,
    )

    assert list(ran.verdicts) == ["Pre-job: one", "Pre-job: two", "one", "two", "Post-job: two", "Post-job: one"]
    assert "one sees nothing" in ran.log("Pre-job: one")
    assert "one sees one" in ran.log("Post-job: one")
    assert ran.verdicts["two"] == "failed"


def test_a_task_that_says_it_is_done_is_not_waited_for(pipelines: Pipelines) -> None:
    """task.complete with done=true; what its process still prints is dropped, and the job's end removes it."""
    task = NodeTask(
        "Leaves",
        """
        console.log('##vso[task.complete result=SucceededWithIssues;done=true]fine');
        setTimeout(() => console.log('too late'), 1500);
        """,
    )
    ran = pipelines.run("steps: [{checkout: none}, {task: Leaves@1}]", task)

    assert ran.verdicts == {"Leaves": "succeededWithIssues"}
    assert "too late" not in str(ran)
    assert any("Terminate orphan process" in line for line in ran.log("Finalize Job"))


def test_every_step_of_a_run_is_in_the_log_with_a_time(pipelines: Pipelines) -> None:
    ran = pipelines.run("steps: [{checkout: none}, {bash: 'printf \"a\\rb\\nc\"', displayName: x}]")
    record = ran.result.record("x")
    lines = ran.world.builds.log_lines(ran.build.id, record.log_id)

    assert all(line[4] == "-" and line[10] == "T" and line.split(" ")[0].endswith("Z") for line in lines)
    assert ran.log("x")[-4:-1] == ["a", "b", "c"], "a carriage return ends a line too"
    assert ran.log("x")[0] == "##[section]Starting: x"
    assert ran.log("x")[-1] == "##[section]Finishing: x"


def test_a_run_can_be_watched_while_it_goes_on(pipelines: Pipelines) -> None:
    """State, log and issues are in the service within a moment, not only at the end."""
    go_on = pipelines.folder / "go-on"
    seen: list[str] = []

    def watch(agent: Agent) -> None:
        def wait() -> None:
            builds = pipelines.world.builds
            build_id = builds.all()[-1].id
            while not seen:
                for record in builds.records(build_id):
                    log = builds.log_lines(build_id, record.log_id) if record.log_id else []
                    if record.name == "step" and record.issues and any("hello" in line for line in log):
                        seen.append(f"{record.state} {record.percent_complete} {record.current_operation}")
                time.sleep(0.02)
            go_on.touch()

        threading.Thread(target=wait, daemon=True).start()

    ran = pipelines.run(
        f"""
        steps:
        - checkout: none
        - bash: |
            echo hello
            echo "##vso[task.setprogress value=40]training"
            echo "##vso[task.logissue type=warning]careful"
            until [ -e {go_on} ]; do sleep 0.05; done
          displayName: step
        """,
        after_start=watch,
    )

    assert seen == ["inProgress 40 training"]
    assert ran.result.result == "succeeded"


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("steps: [{task: Absent@1}]", "references a task called 'Absent'"),
        ("steps: [{task: Flaky@2}]", "installed versions: 1.0.0"),
        ("steps: [{script: echo, colour: red}]", "azure-pipelines.yml:1: Unexpected value 'colour' in a script step"),
        ("steps: [{scrip: echo}]", "azure-pipelines.yml:1: Unexpected value 'scrip'"),
        ("steps: [{bash: echo}]\njobs: []", "exactly one of 'stages', 'jobs' and 'steps'"),
        ("steps: [{script: a\n", "not valid YAML"),
        ("steps: &x [{bash: echo}]", "anchors and aliases are not supported"),
        ("variables: {a: 1, a: 2}\nsteps: []", "'a' is already defined"),
        ("jobs: [{job: a, dependsOn: b, steps: []}]", "depends on unknown job 'b'"),
        ("jobs: [{job: a, dependsOn: b, steps: []}, {job: b, dependsOn: a, steps: []}]", "form a circle"),
        ("variables: [{group: keys}]\nsteps: [{bash: echo}]", "Variable group keys could not be found"),
        ("steps: [{bash: a, name: x}, {bash: b, name: X}]", "The step name 'X' appears more than once"),
        ("steps: [{script: ''}]", "Job Job: Step CmdLine input script is required."),
    ],
)
def test_a_bad_pipeline_is_refused_before_it_starts(pipelines: Pipelines, yaml: str, message: str) -> None:
    """The message names the place; no build appears."""
    before = len(pipelines.world.builds.all())

    with pytest.raises(PipelineError) as caught:
        pipelines.run(yaml, FLAKY, timing=QUICK)

    assert message in str(caught.value)
    assert len(pipelines.world.builds.all()) == before
