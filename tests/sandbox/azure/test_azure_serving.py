"""Scoring servers: processes of the sandbox's own, replaced and started again, gone when it is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.sandbox.azure.conftest import ROOT

HOST = """
import json, sys
from pathlib import Path
import httpx
from sandbox.azure.execution.state import Images
from sandbox.azure.serving.spec import Spec
from sandbox.azure.serving.state import Serving

def fetch(folder):
    (folder / "code").mkdir()
    script = "import os\\ndef init(): os.spawnlp(os.P_NOWAIT, 'sleep', 'sleep', '303')\\n"
    (folder / "code" / "score.py").write_text(script + "def run(data): return os.getpid(), os.getppid()\\n")

serving = Serving(Images())
serving.start("key", Spec({"image": "azureml/inference"}, fetch, "score.py"))
container = serving.enter("key")
answer = httpx.post(f"{container.address}/score", json={}, trust_env=False).json()
print(*answer, flush=True)
sys.stdin.read()
"""


def test_no_server_outlives_a_sandbox_that_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOST]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}  # its files stay when it is killed
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as host:
        assert host.stdout is not None
        worker, server = (int(word) for word in host.stdout.readline().split())
        child = Path(f"/proc/{worker}/task/{worker}/children").read_text().split()
        host.kill()
        host.communicate()

    end = time.monotonic() + 20
    processes = [worker, server, *map(int, child)]
    while any(Path(f"/proc/{process}").exists() for process in processes):
        assert time.monotonic() < end, "processes are left"
        time.sleep(0.05)
    assert len(processes) == 3
