"""Scoring images that Azure ML builds into the workspace's registry, through the SDK v1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amltasks.errors import AmlTasksError, UserError
from amltasks.platforms.azureml.v1.client import Client
from amltasks.platforms.azureml.v1.operations import see_through
from amltasks.platforms.azureml.v1.services import inference_config
from amltasks.platforms.endpoints import DeploymentSpec, Tell

_PATIENCE = 60 * 60.0  # seconds
_LAST_LINES = 20


class PackagesV1(Client):
    """Of one workspace."""

    def package(self, spec: DeploymentSpec, name: str, label: str, tell: Tell) -> str:
        """The image's location, for whoever pulls it. name, label: empty for what Azure ML calls it.

        Raises UserError where it cannot be built, ServiceError.
        """
        from azureml.core import Model as SdkModel

        what = "The image could not be built"
        models = [self._asked(what, lambda each=model: SdkModel(self._workspace, id=each.id, expand=False))  # type: ignore[misc]
                  for model in spec.models]  # fmt: skip

        def begin() -> Any:
            called = {"image_name": name or None, "image_label": label or None}
            with inference_config(spec, self._workspace) as config:
                return SdkModel.package(self._workspace, models, config, **called)

        package = self._asked(what, begin)
        tell("The image is being built.")

        def look(_: int) -> Mapping[str, Any]:
            self._asked(what, package.update_creation_state)
            return {"state": package.state, "error": package.error}

        ended = see_through(look, tell, _PATIENCE)
        if ended.succeeded and package.location:
            return str(package.location)
        for line in self._log(package):
            tell(line)
        raise UserError(f"{what}: {ended.reason or ended.state}.")

    def _log(self, package: Any) -> list[str]:
        """Its last lines."""
        if not package.package_build_log_uri:
            return []
        what = "The log of the image's build could not be read"
        try:
            return self._asked(what, lambda: str(package.get_logs())).splitlines()[-_LAST_LINES:]
        except AmlTasksError as error:
            return [str(error)]
