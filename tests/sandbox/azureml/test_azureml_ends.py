"""The nodes' processes end with the sandbox, whatever happens to it; what it knew of them stays true."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.world import World
from tests.sandbox.azure.conftest import ROOT

HOST = """
import sys
from pathlib import Path
from sandbox.azure.assets.state import ENVIRONMENT
from sandbox.server import Server
from sandbox.world import World
from sandbox.proxy import proxy_environment

world = World.open(Path(sys.argv[1]))
with Server(world):
    azure = world.azure
    workspace = azure.workspaces.create("ws")
    azure.computes.create(workspace, "cpu")
    caller = azure.directory.register("builds").caller
    environment = azure.assets.put(workspace, ENVIRONMENT, "plain", "1", {"image": "mcr", "isArchived": False})
    asked = {
        "jobType": "Command", "environmentId": environment.id, "experimentName": "e", "tags": {}, "properties": {},
        "isArchived": False, "inputs": {}, "outputs": {}, "environmentVariables": {},
        "command": "trap '' TERM; setsid sleep 302 & echo $! > $OUT.new; echo $$ >> $OUT.new; mv $OUT.new $OUT; wait",
    }
    asked["environmentVariables"] = {"OUT": sys.argv[2]}
    run = azure.jobs.create(workspace, "job", asked, caller, target="cpu")
    azure.execution.start(workspace, run, lambda folder: proxy_environment(world, folder))
    print("started", flush=True)
    sys.stdin.read()
world.close()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, None], ids=["killed", "closed"])
def test_no_process_outlives_the_sandbox(tmp_path: Path, how: signal.Signals | None) -> None:
    state, told = tmp_path / "sandbox.sqlite", tmp_path / "processes"
    command = [sys.executable, "-c", HOST, str(state), str(told)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as host:
        end = time.monotonic() + 60
        while not told.exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        processes = [int(word) for word in told.read_text().split()]

        if how:
            host.send_signal(how)
        host.communicate()

    end = time.monotonic() + 20
    while any(Path(f"/proc/{process}").exists() for process in processes):
        assert time.monotonic() < end, "processes are left"
        time.sleep(0.05)
    assert len(processes) == 2
    world = World.open(state)
    try:
        workspace = world.azure.workspaces.find("sandbox", "ws")
        assert workspace is not None
        run = world.azure.runs.find(workspace, "job")
        assert run is not None
        assert run.status == ("Failed" if how else "Canceled")
    finally:
        world.close()
