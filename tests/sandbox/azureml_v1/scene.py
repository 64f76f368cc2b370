"""A workspace that tests use by the SDK v1, by that of v2 beside it, or by plain requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.sandbox.azure.conftest import Cloud
from tests.sandbox.azure.sdk import Sdk
from tests.sandbox.azureml import scene

CLIENT = """
from azureml.core import Environment, Experiment, Run, ScriptRunConfig, Workspace
from azureml.core.authentication import ServicePrincipalAuthentication
sign_in = ServicePrincipalAuthentication(tenant, client_id, secret)
ws = Workspace.get(workspace, auth=sign_in, subscription_id=subscription, resource_group="sandbox")
plain = Environment("plain")
plain.docker.base_image, plain.python.user_managed_dependencies = "mcr.microsoft.com/azureml/base", True
"""


@dataclass
class Scene(scene.Scene):
    """The scene of v2, but for the SDK that `run` is about."""

    def run(self, code: str, **values: Any) -> Any:
        """A snippet in the process of the SDK v1; it knows `ws`, and `plain`, an environment without packages."""
        return self.cloud.run(CLIENT + code, workspace=self.workspace.name, **values)

    def run_v2(self, sdk: Sdk, code: str, **values: Any) -> Any:
        """A snippet in that of v2; it knows `client`."""
        cloud = Cloud(**{**vars(self.cloud), "sdk": sdk})
        return cloud.run(scene.CLIENT + code, workspace=self.workspace.name, **values)
