"""Packages in the data plane, and where the SDK v1 learns how to pull them."""

from __future__ import annotations

from sandbox.azure.assets.state import ENVIRONMENT, MODEL
from sandbox.azure.modelmanagement.errors import ModelError
from sandbox.azure.packages import responses
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.workspaces.state import TYPE

_VERSION = f"/environment/v1.0{WORKSPACE}/environments/{{name}}/versions/{{version}}"
_SECRET = ("password", "value", "userStorageKey")

ROUTES = [
    Route(
        "POST",
        f"/modelmanagement/v1.0{WORKSPACE}/packages",
        responses.create_package,
        f"{MODEL.type}/package/action",
        error=ModelError,
        private=_SECRET,
    ),
    Route("GET", f"{_VERSION}/image", responses.image_details, f"{ENVIRONMENT.type}/versions/read", private=_SECRET),
]
MANAGEMENT = [
    Route(
        "POST",
        f"{WORKSPACE}/listKeys",
        responses.list_workspace_keys,
        f"{TYPE}/listKeys/action",
        ("2019-06-01",),
        private=_SECRET,
    )
]
