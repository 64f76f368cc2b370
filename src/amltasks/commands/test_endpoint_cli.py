"""`amltasks test-endpoint`: the same test on a laptop."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import Any

from amltasks.agent.neutral import one_line
from amltasks.commands.exit_codes import ExitCode
from amltasks.errors import UserError


def add_commands(commands: Any) -> None:
    """The command among the others. commands: what argparse's `add_subparsers` gives."""
    parser = commands.add_parser("test-endpoint", help="send requests to what is served and check the answers")
    add = parser.add_argument
    add("tests", metavar="FILE", help="a request's body, or cases in YAML or JSON")
    add("--address", default="", metavar="URL", help="the scoring address")
    add("--key", default="", metavar="NAME", help="an environment variable that holds the address's key or token")
    add("--endpoint", default="", metavar="NAME", help="instead of an address")
    add("--deployment", default="", metavar="NAME", help="the one that is to answer")
    add("--ready-timeout", default="", metavar="TIME", help="how long it is asked until it answers [5 min]")
    add("--output", default="endpoint-test", metavar="DIR", help="where results and responses go [endpoint-test]")
    add("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    add("--platform", default="", metavar="NAME", help="of the endpoint: agent, azureml or azureml-v1 [agent]")
    add("--local-folder", default=".amltasks", metavar="DIR", help="where the platform agent keeps it [.amltasks]")
    add("--subscription", default="", metavar="ID", help="of the workspace [AZURE_SUBSCRIPTION_ID]")
    add("--resource-group", default="", metavar="NAME", help="of the workspace")
    add("--workspace", default="", metavar="NAME")
    parser.set_defaults(run_command=_run)


def _run(given: argparse.Namespace) -> ExitCode:
    from amltasks.commands.checks import show_checks
    from amltasks.commands.places import endpoints, sign_in_on_laptop
    from amltasks.commands.test_endpoint_request import TestEndpointRequest
    from amltasks.commands.testing_endpoints import TestingEndpoint, access_of
    from amltasks.redaction import Redactor
    from amltasks.requests import Platform

    here = Path.cwd()
    secrets: dict[str, str] = {}
    request = TestEndpointRequest.from_inputs(
        {
            "tests": given.tests,
            "address": given.address,
            "key": _key(given.key),
            "endpoint": given.endpoint,
            "deployment": given.deployment,
            "readyTimeout": given.ready_timeout,
            "platform": given.platform,
        },
        here,
    )
    with contextlib.ExitStack() as stack:
        places = None
        if request.endpoint:
            signed_in = None if request.platform is Platform.AGENT else sign_in_on_laptop(vars(given))
            places = stack.enter_context(
                contextlib.closing(endpoints(request.kind, here / given.local_folder, signed_in))
            )
        access = access_of(request, places, lambda key: secrets.update({f"key {len(secrets)}": key}))
        testing = TestingEndpoint(request, access, here / given.output, _tell, str)
        report = testing.run()
    return show_checks(report, here / given.output, Redactor(secrets), here / given.junit if given.junit else None)


def _tell(line: str) -> None:
    sys.stderr.write(f"{one_line(line, 1000)}\n")


def _key(name: str) -> str:
    if name and not os.environ.get(name):
        raise UserError(f"--key: there is no environment variable {name}.")
    return os.environ[name] if name else ""
