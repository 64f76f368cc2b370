"""`amltasks ensure-compute` on a command line. Imports little, so that --help comes at once."""

from __future__ import annotations

import argparse
import contextlib
import sys

from amltasks.commands.exit_codes import ExitCode
from amltasks.commands.place_options import add_place

_OPTIONS = (
    ("--size", "size", "SIZE", "of the machines [Standard_DS3_v2]"),
    ("--min-nodes", "minNodes", "N", "that stay without work [0]"),
    ("--max-nodes", "maxNodes", "N", "at a time [4]"),
    ("--idle-time", "idleTime", "TIME", "until a node without work goes [2 min]"),
    ("--priority", "priority", "NAME", "dedicated or lowPriority [dedicated]"),
    ("--identity", "identity", "ID", "systemAssigned, or a resource id [none]"),
    ("--timeout", "timeout", "TIME", "until it must be usable [20 min]"),
)


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    ensure = commands.add_parser("ensure-compute", help="a cluster of Azure Machine Learning: found, or made")
    ensure.add_argument("compute", metavar="NAME", help="of the cluster")
    for option, name, placeholder, said in _OPTIONS:
        ensure.add_argument(option, dest=name, default="", metavar=placeholder, help=said)
    ensure.add_argument("--update", action="store_true", help="change the nodes and idle time of one that is there")
    ensure.add_argument("--remove", action="store_true", help="delete it instead")
    add_place(ensure)
    ensure.set_defaults(run_command=_ensure_compute)


def _ensure_compute(given: argparse.Namespace) -> ExitCode:
    from amltasks.agent.neutral import neutralise
    from amltasks.commands.ensure_compute import EnsureComputeRequest, ensure_compute, remove_compute
    from amltasks.commands.places import computes, sign_in_on_laptop

    def tell(line: str) -> None:
        sys.stdout.write(f"{neutralise(line)}\n")

    names = ("platform", "compute", *(name for _, name, _, _ in _OPTIONS))
    inputs = {**{name: getattr(given, name) for name in names}, "update": str(given.update).lower()}
    request = EnsureComputeRequest.from_inputs(inputs)
    with contextlib.closing(computes(request.platform, sign_in_on_laptop(vars(given)))) as opened:
        if given.remove:
            remove_compute(opened, request.cluster.name, tell)
            return ExitCode.PASSED
        ensured = ensure_compute(request, opened, "", tell, lambda: None)
    for line in (*ensured.warnings, f"The compute {ensured.name} is usable."):
        tell(line)
    return ExitCode.PASSED
