"""`amltasks endpoints`: what is served on this machine, and its end. Imports little, so that --help comes at once."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from amltasks.agent.neutral import one_line
from amltasks.commands.exit_codes import ExitCode
from amltasks.commands.place_options import FOLDER
from amltasks.errors import UserError
from amltasks.quoting import listed, quoted

if TYPE_CHECKING:
    from amltasks.platforms.local.serving.endpoints import LocalEndpoints


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("endpoints", help="what is served on this machine: list, key, logs, delete")
    add = parser.add_argument
    add("action", nargs="?", choices=("list", "key", "logs", "delete"), default="list", help="[list]")
    add("name", nargs="?", default="", metavar="NAME", help="of the endpoint")
    add("--deployment", default="", metavar="NAME", help="whose logs [all]")
    add("--folder", default=FOLDER, metavar="DIR", help=f"of what is kept on this machine [{FOLDER}]")
    parser.set_defaults(run_command=_run)


def _run(given: argparse.Namespace) -> ExitCode:
    from amltasks.platforms.local.serving.endpoints import LocalEndpoints

    with contextlib.closing(LocalEndpoints(Path.cwd() / given.folder)) as endpoints:
        endpoints.open()
        if given.action == "list":
            _list(endpoints, [given.name] if given.name else endpoints.names())
            return ExitCode.PASSED
        if given.name not in endpoints.names():
            raise UserError(
                f"There is no endpoint {quoted(given.name)}: there are {listed(endpoints.names()) or 'none'}."
            )
        if given.action == "delete":
            endpoints.delete(given.name, _say)
        elif given.action == "key":
            _say(endpoints.access(given.name).headers.get("Authorization", "").removeprefix("Bearer "))
        else:
            _logs(endpoints, given.name, given.deployment)
    return ExitCode.PASSED


def _list(endpoints: LocalEndpoints, names: list[str]) -> None:
    """Endpoints whose door is not open, after a restart of the machine, say, are opened by that."""
    for name in names:
        endpoint = endpoints.find(name)
        if endpoint is None:
            raise UserError(f"There is no endpoint {quoted(name)}: there are {listed(endpoints.names()) or 'none'}.")
        _say(f"{name}  {endpoint.address}")
        for each in endpoint.deployments:
            mirrored = f", {each.mirror} % copied" if each.mirror else ""
            reason = f": {each.reason}" if each.reason else ""
            _say(f"  {each.name}  {each.state}  {each.traffic} %{mirrored}  {', '.join(each.models)}{reason}")


def _logs(endpoints: LocalEndpoints, name: str, deployment: str) -> None:
    endpoint = endpoints.find(name)
    for each in endpoint.deployments if endpoint else ():
        if deployment in ("", each.name):
            _say(f"{each.name}:")
            for line in endpoints.log(name, each.name).splitlines():
                _say(f"  {line}")


def _say(line: str) -> None:
    sys.stdout.write(f"{one_line(line, 10_000)}\n")
