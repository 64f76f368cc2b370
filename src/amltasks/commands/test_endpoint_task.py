"""TestEndpoint: a pipeline's step that asks what is served."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from amltasks.agent import commands
from amltasks.agent.job import Job
from amltasks.agent.output import Output
from amltasks.commands.checks import check_publishing, exit_code, publish_checks, results_folder
from amltasks.commands.exit_codes import ExitCode
from amltasks.commands.places import endpoints, local_folder, sign_in
from amltasks.commands.secrets import Secrets
from amltasks.commands.test_endpoint_request import TestEndpointRequest
from amltasks.commands.testing_endpoints import RESPONSES, TestingEndpoint, access_of
from amltasks.report.checks import CheckReport
from amltasks.requests import Platform

_OUTCOMES = {ExitCode.PASSED: "passed", ExitCode.CHECKS_FAILED: "failed", ExitCode.CANCELLED: "cancelled"}


def carry_out(job: Job, output: Output) -> ExitCode:
    """Test, publish, set the output variables and tell the agent the verdict."""
    secrets = Secrets(job, output)
    secrets.add(job.inputs.get("key", "").strip())
    check_publishing(job)
    request = TestEndpointRequest.from_inputs(job.inputs, job.sources_folder)
    with contextlib.ExitStack() as stack:
        places = None
        if request.endpoint:
            signed_in = None if request.platform is Platform.AGENT else sign_in(job)
            places = stack.enter_context(contextlib.closing(endpoints(request.kind, local_folder(job), signed_in)))
        testing = TestingEndpoint(
            request,
            access_of(request, places, secrets.add),
            results_folder(job),
            tell=lambda line: output.text(secrets.redactor.text(line)),
            redact=lambda text: secrets.redactor.text(text),
        )
        report = testing.run(watch_parent=True)
    output.command(*_variables(job, report))
    return publish_checks(job, output, report, secrets.redactor)


def _variables(job: Job, report: CheckReport) -> Iterator[str]:
    values = {
        "Outcome": _OUTCOMES[exit_code(report)],
        "Passed": str(sum(check.ok for check in report.checks)),
        "Failed": str(len(report.failed)),
        "ResponsesFolder": str(results_folder(job) / RESPONSES),
    }
    for name, value in values.items():
        yield commands.set_variable(name, value, output=True)
