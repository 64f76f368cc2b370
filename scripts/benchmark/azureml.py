"""Notebooks on a cluster of the sandbox's Azure: time and memory of our command, and what it asks of Azure.

The cluster's nodes are processes of this machine, too: they share its cores, and nothing is compared. What is measured
is the one process that submits, watches and collects.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environment import ROOT, azureml_python

from benchmark import notebooks
from benchmark.measuring import BenchError

JOBS, QUICK_JOBS, NODES = 50, 10, 8
MEMORY_AT_MOST, RATE_AT_MOST = 300_000_000, 1.0
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Watched:
    """requests: all of them; watching: those that look after jobs, over so many seconds. memory: bytes at most."""

    jobs: int
    seconds: float
    cpu: float
    memory: int
    requests: int
    watching: int
    watched_seconds: float

    @property
    def rate(self) -> float:
        return self.watching / self.watched_seconds

    @property
    def met(self) -> bool:
        return self.memory <= MEMORY_AT_MOST and self.rate < RATE_AT_MOST

    def __str__(self) -> str:
        return (
            f"{self.jobs} notebooks on {NODES} nodes of Azure ML: {self.seconds:.0f} s, {self.cpu:.1f} CPU seconds, "
            f"{self.memory / 1e6:.0f} MB (at most {MEMORY_AT_MOST / 1e6:.0f}); {self.requests} requests, "
            f"{self.rate:.2f} a second to watch (less than {RATE_AT_MOST:.0f}){'' if self.met else ' **missed**'}"
        )


def watched(folder: Path, jobs: int) -> Watched:
    """Runs as many small notebooks as jobs. Raises BenchError where they do not all pass."""
    sys.path.insert(0, str(ROOT))
    from sandbox.proxy import proxy_environment
    from sandbox.server import Server
    from sandbox.world import World

    notebooks.write(notebooks.small(jobs), folder / "in")
    world = World.open()
    try:
        with Server(world):
            azure = world.azure
            azure.computes.create(azure.workspaces.create("bench", "bench"), "cpu", NODES)
            principal = azure.directory.register("bench")
            azure.roles.assign(principal.object_id, "Contributor", azure.subscription.path)
            secret = azure.directory.add_secret(principal)
            signed_in = {"AZURE_TENANT_ID": azure.tenant, "AZURE_CLIENT_ID": principal.client_id}
            signed_in |= {"AZURE_CLIENT_SECRET": secret, "AZURE_SUBSCRIPTION_ID": azure.subscription.id}
            seconds, cpu, memory = _run(folder, {**proxy_environment(world, folder), **signed_in})
            exchanges = list(world.journal.exchanges)
    finally:
        world.close()
    report = json.loads((folder / "out" / "results.json").read_text("utf-8"))
    failed = [result for result in report["results"] if result["outcome"] != "passed"]
    if failed or len(report["results"]) != jobs:
        why = failed[0]["message"] if failed else "some are missing"
        raise BenchError(f"{len(failed)} of {len(report['results'])} notebooks did not pass: {why}")
    times = [each.time for each in exchanges if _watches(each)]
    return Watched(jobs, seconds, cpu, memory, len(exchanges), len(times), max(times) - min(times))


def _run(folder: Path, environment: Mapping[str, str]) -> tuple[float, float, int]:
    """(seconds, CPU seconds, largest memory in bytes) of the command."""
    place = ["--resource-group", "bench", "--workspace", "bench", "--compute", "cpu"]
    command = [str(azureml_python()), "-m", "amltasks", "run-notebook", "--platform", "azureml", *place]
    started = time.monotonic()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--output", "out", "in/*.ipynb"],
            cwd=folder, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        _, _, usage = os.wait4(process.pid, 0)
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def _watches(exchange: Any) -> bool:
    """Asked by us: states, and logs by their signed addresses. What the SDK downloads it asks for otherwise."""
    log = "/user_logs/" in exchange.url and "sig=" in exchange.url
    return exchange.method == "GET" and (log or "/details" in exchange.url or "/jobs?" in exchange.url)
