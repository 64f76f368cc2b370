"""Notebooks on a cluster of the sandbox's Azure: our command, its memory, and what it asks of Azure.

The cluster's nodes are processes of this machine, which are not the command's: its memory is counted without them.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from environment import ROOT, azureml_python

from benchmark.programs import Interpreters, Program, Start

GROUP, WORKSPACE, CLUSTER = "bench", "bench", "cpu"


def program(nodes: int) -> Program:
    def start(interpreters: Interpreters, folder: Path) -> Start:
        sys.path.insert(0, str(ROOT))
        from sandbox.proxy import proxy_environment
        from sandbox.server import Server
        from sandbox.world import World

        python = azureml_python()
        world = World.open()
        azure = world.azure
        azure.computes.create(azure.workspaces.create(WORKSPACE, GROUP), CLUSTER, nodes)
        principal = azure.directory.register("bench")
        azure.roles.assign(principal.object_id, "Contributor", azure.subscription.path)
        server = Server(world)
        server.start()
        environment = {
            **proxy_environment(world, folder),
            "AZURE_TENANT_ID": azure.tenant,
            "AZURE_CLIENT_ID": principal.client_id,
            "AZURE_CLIENT_SECRET": azure.directory.add_secret(principal),
            "AZURE_SUBSCRIPTION_ID": azure.subscription.id,
        }

        def results() -> Any:
            _tell(world.journal.exchanges)
            report = json.loads((folder / "out" / "results.json").read_text("utf-8"))
            return [[result["notebook"], result["outcome"]] for result in report["results"]]

        def close() -> None:
            server.stop()
            world.close()

        place = ["--resource-group", GROUP, "--workspace", WORKSPACE, "--compute", CLUSTER]
        command = [str(python), "-m", "amltasks", "run-notebook", "--platform", "azureml", *place, "--output", "out"]
        return Start([*command, "in/*.ipynb"], results, environment=environment, close=close)

    return start


def _tell(exchanges: list[Any]) -> None:
    """How many requests there were, and how many a second of those that watch."""
    watching = [each for each in exchanges if _watches(each.method, each.url)]
    seconds = max(each.time for each in watching) - min(each.time for each in watching)
    rate = f"{len(watching)} of them watched the jobs: {len(watching) / seconds:.2f} a second"
    sys.stderr.write(f"  {len(exchanges)} requests{os.linesep}  {rate}{os.linesep}")


def _watches(method: str, url: str) -> bool:
    return method == "GET" and ("/details" in url or "/jobs?" in url or "/user_logs/" in url)
