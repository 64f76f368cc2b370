"""Logs of a deployment's containers, as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.azure.onlineendpoints.state import key_of
from sandbox.azure.resources import Resource

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud

_HEAD = """Instance status:
SystemSetup: Succeeded
UserContainerImagePull: Succeeded
ModelDownload: Succeeded
UserContainerStart: {state}

Container restarts: {restarts}

Container logs:
"""


def container_log(cloud: Cloud, deployment: Resource, lines: int) -> str:
    """The last lines of the scoring server's."""
    key = key_of(deployment)
    state = deployment.properties["provisioningState"]
    told = {"Creating": "InProgress", "Updating": "InProgress", "Failed": "Failed"}.get(state, "Succeeded")
    head = _HEAD.format(state=told, restarts=cloud.serving.restarts(key))
    return head + "".join(cloud.serving.log(key).splitlines(keepends=True)[-lines:])


def storage_log(cloud: Cloud, deployment: Resource, lines: int) -> str:
    """What was fetched into the container."""
    code = cloud.assets.by_id(deployment.properties["codeConfiguration"]["codeId"])
    model = cloud.assets.by_id(deployment.properties["model"]) if deployment.properties.get("model") else None
    told = [
        f"Downloading {what}: {asset.properties[key]}"
        for what, asset, key in (
            ("code", code, "codeUri"),
            ("model", model, "modelUri"),
        )
        if asset
    ]
    return "".join(f"{line}\n" for line in told[-lines:])
