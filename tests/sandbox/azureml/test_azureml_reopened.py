"""Endpoints in a state that is opened again."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.world import World
from tests.sandbox.azure.conftest import opened
from tests.sandbox.azure.sdk import Sdk
from tests.sandbox.azureml.scene import Scene
from tests.sandbox.azureml.stage import Stage


@pytest.mark.long
def test_what_served_serves_again_and_what_was_being_made_has_failed(tmp_path: Path, sdk: Sdk) -> None:
    path = tmp_path / "state.sqlite"
    with opened(World.open(path), sdk, tmp_path) as cloud:
        stage = Stage(Scene(cloud, cloud.world.azure.workspaces.create("kept")), "kept-one")
        stage.put()
        stage.deploy("blue")
        stage.put(traffic={"blue": 100})
        key, before = stage.key, stage.score().json()
        stage.endpoints.provisioning.deployments.hang = 1
        stage.ask("PUT", "deployments/green", stage.deployment("green"))

    with opened(World.open(path), sdk, tmp_path) as cloud:
        workspace = cloud.world.azure.workspaces.find("sandbox", "kept")
        assert workspace is not None
        stage = Stage(Scene(cloud, workspace), "kept-one")
        again = stage.score(key=key).json()
        states = {name: stage.of(name).properties["provisioningState"] for name in ("blue", "green")}

    assert (again["by"], again["weights"]) == ("blue", before["weights"])
    assert again["server"] != before["server"]
    assert states == {"blue": "Succeeded", "green": "Failed"}
