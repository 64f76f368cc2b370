"""The launcher killed at any point: the agent tries again and has every result once, and no job is left running."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psutil
import pytest

from sandbox.agent.azure import connect_azure
from sandbox.proxy import proxy_environment
from sandbox.shell import CLUSTER, GROUP, WORKSPACE
from tests.azureml.losing import NOTEBOOKS, OUTCOMES
from tests.azureml.test_killed import POINTS
from tests.task.pipelines import Site, environment_with_uv, open_site, task


@pytest.mark.long
@pytest.mark.parametrize("requests", POINTS)
def test_the_agent_tries_again_and_has_every_result_once(
    requests: int, tmp_path: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the launcher had started cancels its jobs when it sees that it is alone; the next try may have them."""
    monkeypatch.setenv("PATH", environment_with_uv(tmp_path / "bin"))
    site = open_site(tmp_path, package)
    try:
        endpoint = connect_azure(site.world)
        site.environment.update(proxy_environment(site.world, tmp_path))
        for name, cells in NOTEBOOKS.items():
            site.notebook(f"{name}.ipynb", *cells)
        inputs = {"platform": "azureml", "azureSubscription": endpoint.name, "compute": CLUSTER, "publish": "junit"}
        step = task("*.ipynb", retryCountOnTaskFailure=1, **inputs)
        killed: list[int] = []

        ran = site.run(step, after_start=lambda _: kill_launcher(site, requests, killed), endpoints=[endpoint])

        assert len(killed) == 1
        assert ran.outcomes == {f"{name}.ipynb": outcome for name, outcome in OUTCOMES.items()}, ran.log("nb")
        workspace = site.world.azure.workspaces.find(GROUP, WORKSPACE)
        assert workspace
        jobs = site.world.azure.jobs.all(workspace)
        assert [job.id for job in jobs if not job.has_ended] == []
        assert sorted(job.display_name for job in jobs if job.status == "Completed") == ["ok.ipynb", "slow.ipynb"]
    finally:
        site.close()


def kill_launcher(site: Site, requests: int, killed: list[int]) -> None:
    """Once so many requests were made to Azure."""

    def kill() -> None:
        while sum(each.provider == "azure" for each in site.world.journal.exchanges) < requests:
            time.sleep(0.05)
        for process in psutil.process_iter(["cmdline"]):
            command = process.info["cmdline"] or []
            if len(command) == 2 and command[1].endswith("launcher.js") and str(site.folder) in command[1]:
                killed.append(process.pid)
                process.kill()

    threading.Thread(target=kill, daemon=True).start()
