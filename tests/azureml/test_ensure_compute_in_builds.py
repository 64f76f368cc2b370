"""Clusters of one build, on the sandbox's agent: gone when its job is over, however that ended (3.7)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.agent.azure import connect_azure
from sandbox.proxy import proxy_environment
from sandbox.shell import GROUP, WORKSPACE
from tests.azureml.steps import wait_for
from tests.task.pipelines import Site, environment_with_uv, open_site, script


@pytest.fixture
def site(tmp_path: Path, package: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("PATH", environment_with_uv(tmp_path / "bin"))
    opened = open_site(tmp_path, package)
    try:
        opened.environment.update(proxy_environment(opened.world, tmp_path))
        yield opened
    finally:
        opened.close()


def ensure(compute: str, **given: Any) -> dict[str, Any]:
    return {
        "task": "EnsureCompute@1",
        "name": "cluster",
        "displayName": "cluster",
        "inputs": {"compute": compute, "azureSubscription": "azure", "removeAfterwards": "true"},
        **given,
    }


def computes(site: Site) -> list[str]:
    workspace = site.world.azure.workspaces.find(GROUP, WORKSPACE)
    assert workspace
    return [each.name for each in site.world.azure.computes.all(workspace)]


@pytest.mark.long
def test_a_builds_own_cluster_goes_when_its_job_has_failed(site: Site) -> None:
    """Later steps read its name; the step of the job's own cluster leaves nothing, and a skipped one does nothing."""
    endpoint = connect_azure(site.world)
    there = computes(site)

    ran = site.run(
        ensure("ci-$(Build.BuildId)"),
        script("echo $(cluster.Compute) $(cluster.Created) $(cluster.State); exit 1"),
        {**ensure("skipped"), "name": "other", "displayName": "other"},
        endpoints=[endpoint],
    )

    name = f"ci-{ran.build.id}"
    wait_for(lambda: computes(site) == there)
    assert ran.verdicts["cluster"] == "succeeded", ran.log("cluster")
    assert f"{name} true ready" in "\n".join(ran.log("said"))
    assert ran.verdicts["said"] == "failed"
    assert ran.verdicts["Post-job: cluster"] == "succeeded"
    assert f"The compute {name} is being deleted." in "\n".join(ran.log("Post-job: cluster"))
    assert "Nothing is left to do" in "\n".join(ran.log("Post-job: other"))
