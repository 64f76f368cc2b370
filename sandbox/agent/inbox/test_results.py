"""PublishTestResults@2, for JUnit."""

from __future__ import annotations

from pathlib import Path

from sandbox.agent import test_results
from sandbox.agent.errors import StepError
from sandbox.agent.inbox import patterns
from sandbox.agent.invocation import Invocation
from sandbox.agent.tasks import TaskDefinition, TaskInput
from sandbox.agent.test_results import Publishing


def _publish(invocation: Invocation) -> None:
    step, runner = invocation.step, invocation.input("testRunner")
    if runner.lower() != "junit":
        raise StepError(f"The sandbox's agent publishes JUnit results only, not {runner}.")
    folder = Path(invocation.input("searchFolder") or step.job.variables.get("System.DefaultWorkingDirectory") or "")
    files = patterns.find(folder, invocation.input("testResultsFiles"))
    if not files:
        message = f"No test result files matching '{invocation.input('testResultsFiles')}' were found."
        if invocation.flag("failTaskOnMissingResultsFile"):
            raise StepError(message)
        step.warning(message)
        return
    request = Publishing(
        runner="JUnit",
        files=tuple(files),
        title=invocation.input("testRunTitle"),
        merge=invocation.flag("mergeTestResults"),
        platform=invocation.input("platform"),
        flavor=invocation.input("configuration"),
        attach_files=invocation.flag("publishRunAttachments"),
        fail_on_failures=invocation.flag("failTaskOnFailedTests"),
        run_system="VSTS - PTR",
    )
    step.pending.append(("Publish test results", lambda: test_results.publish(step, request)))


TASKS = (
    TaskDefinition(
        id="0b0f01ed-7dde-43ff-9cbb-e48954daf9b1",
        name="PublishTestResults",
        version="2.250.1",
        friendly_name="Publish Test Results",
        description="Publish test results to Azure Pipelines",
        author="Microsoft Corporation",
        inputs=(
            TaskInput("testRunner", "pickList", "JUnit", required=True, aliases=("testResultsFormat",)),
            TaskInput("testResultsFiles", "multiLine", "**/TEST-*.xml", required=True),
            TaskInput("searchFolder", default="$(System.DefaultWorkingDirectory)"),
            TaskInput("mergeTestResults", "boolean", "false"),
            TaskInput("failTaskOnFailedTests", "boolean", "false"),
            TaskInput("failTaskOnMissingResultsFile", "boolean", "false"),
            TaskInput("testRunTitle"),
            TaskInput("platform", aliases=("buildPlatform",)),
            TaskInput("configuration", aliases=("buildConfiguration",)),
            TaskInput("publishRunAttachments", "boolean", "true"),
        ),
        run=_publish,
    ),
)
