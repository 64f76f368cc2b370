"""Publishing of test result files to the test service, in the order in which the agent does it.

Create the run InProgress, add results in batches of 1000, attach what belongs to them, complete the run, attach the
files. A publication that fails is a warning; only `failTaskOnFailedTests` fails the step.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from sandbox.agent import junit, service
from sandbox.agent.errors import StepError
from sandbox.agent.execution import Execution
from sandbox.agent.junit import Case, ResultFile
from sandbox.agent.service import ServiceError

BATCH = 1000


@dataclass(frozen=True)
class Publishing:
    """What `results.publish` asks for. title: of the run, empty for the agent's own."""

    runner: str
    files: tuple[Path, ...]
    title: str = ""
    merge: bool = True
    platform: str = ""
    flavor: str = ""
    attach_files: bool = True
    fail_on_failures: bool = False
    run_system: str = ""


def publish(step: Execution, request: Publishing) -> None:
    """StepError where tests failed and the step was to fail for it."""
    if request.runner.lower() != "junit":
        step.warning(f"The sandbox's agent reads JUnit results only, not {request.runner}: nothing was published.")
        return
    files: list[ResultFile] = []
    for path in request.files:
        try:
            files.append(junit.read(path))
        except StepError as error:
            step.warning(str(error))
    try:
        if request.merge:
            name = request.title or f"{request.runner}_TestResults_{step.job.build.id}"
            _publish_run(step, request, name, files)
        else:
            for number, file in enumerate(files, 1):
                title = f"{request.title}_{number}" if len(files) > 1 else request.title
                _publish_run(step, request, title if request.title else file.name, [file])
    except ServiceError as error:
        step.warning(f"Failed to publish test results: {error}")
    if request.fail_on_failures and any(case.outcome == "Failed" for file in files for case in file.cases):
        raise StepError("There are one or more test failures detected in result files.")


def _publish_run(step: Execution, request: Publishing, name: str, files: Sequence[ResultFile]) -> None:
    cases = [case for file in files for case in file.cases]
    if not cases:
        step.warning("No test result files with results were found.")
        return
    runs = f"{step.job.collection_url}{step.job.project_name}/_apis/test/runs"
    started = next((file.started for file in files if file.started), None) or datetime.now(timezone.utc)
    finished = started + timedelta(milliseconds=sum(max(case.duration, 1) for case in cases))
    run = _call(step, "POST", runs, _run_body(step, request, name, started))
    step.output(f"Publishing test results to test run '{run['id']}'")
    results = f"{runs}/{run['id']}/results"
    begun = started  # the file has no times of its cases: one is taken to follow the other
    for start in range(0, len(cases), BATCH):
        batch = cases[start : start + BATCH]
        bodies = []
        for case in batch:
            bodies.append(_result_body(case, begun))
            begun += timedelta(milliseconds=max(case.duration, 1))
        added = _call(step, "POST", results, bodies)
        for case, result in zip(batch, added["value"], strict=True):
            for attachment_name, kind, content in _case_attachments(case):
                _attach(step, f"{results}/{result['id']}/attachments", attachment_name, kind, content)
    _call(step, "PATCH", f"{runs}/{run['id']}", {"state": "Completed", "completedDate": _iso(finished)})
    if request.attach_files:
        for file in files:
            _attach(
                step, f"{runs}/{run['id']}/attachments", file.path.name, "GeneralAttachment", file.path.read_bytes()
            )
    step.output(f"Published Test Run : {run.get('webAccessUrl') or run['url']}")


def _run_body(step: Execution, request: Publishing, name: str, started: datetime) -> dict[str, Any]:
    variables = step.job.variables
    body: dict[str, Any] = {
        "name": name[:256],
        "automated": True,
        "state": "InProgress",
        "startDate": _iso(started),
        "build": {"id": str(step.job.build.id)},
        "pipelineReference": {
            "pipelineId": step.job.build.id,
            "stageReference": {"stageName": variables.get("System.StageName"), "attempt": 1},
            "phaseReference": {"phaseName": variables.get("System.PhaseName"), "attempt": 1},
            "jobReference": {"jobName": variables.get("System.JobName"), "attempt": 1},
        },
    }
    if request.platform:
        body["buildPlatform"] = request.platform
    if request.flavor:
        body["buildFlavor"] = request.flavor
    if request.run_system:
        body["customTestFields"] = [{"fieldName": "TestRunSystem", "value": request.run_system}]
    return body


def _result_body(case: Case, started: datetime) -> dict[str, Any]:
    body: dict[str, Any] = {
        "testCaseTitle": case.title,
        "automatedTestName": case.title,
        "automatedTestType": "JUnit",
        "outcome": case.outcome,
        "state": "Completed",
        "durationInMs": case.duration,
        "startedDate": _iso(started),
        "completedDate": _iso(started + timedelta(milliseconds=max(case.duration, 1))),
    }
    if case.storage:
        body["automatedTestStorage"] = case.storage
    if case.host:
        body["computerName"] = case.host
    if case.message:
        body["errorMessage"] = case.message
    if case.stack:
        body["stackTrace"] = case.stack
    return body


def _case_attachments(case: Case) -> list[tuple[str, str, bytes]]:
    found = []
    if case.console:
        found.append(("Standard_Console_Output.log", "ConsoleLog", case.console.encode()))
    if case.errors:
        found.append(("Standard_Console_Error.log", "ConsoleLog", case.errors.encode()))
    return found


def _attach(step: Execution, url: str, name: str, kind: str, content: bytes) -> None:
    stream = base64.b64encode(content).decode()
    _call(
        step, "POST", url, {"stream": stream, "fileName": name.replace(":", "_"), "comment": "", "attachmentType": kind}
    )


def _call(step: Execution, method: str, url: str, body: object) -> Any:
    return service.call(method, url, step.job.token, body)


def _iso(time: datetime) -> str:
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
