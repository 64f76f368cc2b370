"""Services of a workspace through the SDK v1: looked up, changed at once, and what is done to them seen through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from amltasks.errors import AmlTasksError, UserError
from amltasks.platforms.azureml.causes import cause_of, reason_of
from amltasks.platforms.azureml.connection import Cloud, Workspace
from amltasks.platforms.azureml.logs import Logs
from amltasks.platforms.azureml.v1.clusters import Clusters
from amltasks.platforms.azureml.v1.operations import Ended, see_through, told_by
from amltasks.platforms.azureml.v1.views import endpoint_of
from amltasks.platforms.endpoints import Cause, Deployed, Deployment, DeploymentSpec, Tell
from amltasks.platforms.registry import Model
from amltasks.quoting import quoted

if TYPE_CHECKING:
    import azureml.core as sdk
    from azure.core.credentials import TokenCredential
    from azureml.core.webservice import AksEndpoint, Webservice

_LOG_LINES = 500
_LONGEST_LOG = 1024 * 1024
_PATIENCE = 45 * 60.0  # seconds that a deployment may take; Azure itself gives up sooner


class Webservices(Clusters):
    """Of one workspace. patience: seconds for one operation."""

    patience = _PATIENCE

    def __init__(self, workspace: Workspace, credential: TokenCredential, cloud: Cloud) -> None:
        super().__init__(workspace, credential, cloud)
        self._files = Logs()

    def _seen_through(self, service: Webservice, tell: Tell) -> Ended:
        """The operation that the service has told of last; without one, until its state is a lasting one."""
        what = f"The service {service.name} cannot be seen"

        def operation(seen: int) -> Mapping[str, Any]:
            return self._asked(what, lambda: service._get_operation_state(True, seen)[2])

        def state(_: int) -> Mapping[str, Any]:
            self._asked(what, service.update_deployment_state)
            known = {"Healthy": "Succeeded", "Transitioning": "Transitioning"}
            return {"state": known.get(service.state, "Failed"), "error": service.error}

        look: Callable[[int], Mapping[str, Any]] = operation if service._operation_endpoint else state
        return see_through(look, tell, self.patience)

    def _expect(self, what: str, ended: Ended) -> None:
        if not ended.succeeded:
            raise UserError(f"{what}: {ended.reason or ended.state}.")

    def _service(self, name: str) -> Webservice | None:
        from azureml.core import Webservice as SdkWebservice
        from azureml.exceptions import WebserviceException

        def find() -> Webservice | None:
            try:
                return SdkWebservice(self._workspace, name)
            except WebserviceException as error:
                if "WebserviceNotFound" not in str(error.message):
                    raise
                return None

        return self._asked(f"The service {name} could not be looked for", find)

    def _existing(self, name: str) -> Webservice:
        service = self._service(name)
        if service is None:
            raise UserError(f"endpoint: there is no service {quoted(name)} in the workspace {self.workspace.name}.")
        return service

    def _model(self, what: str, model: Model) -> sdk.Model:
        from azureml.core import Model as SdkModel

        return self._asked(what, lambda: SdkModel(self._workspace, id=model.id, expand=False))

    def _patch(self, what: str, endpoint: AksEndpoint, changes: Mapping[str, Any], tell: Tell = lambda _: None) -> None:
        """Members of an endpoint with versions by their paths, all at once.

        The SDK itself changes one version at a time, where the shares must sum to 100 at every moment; and
        `AksEndpoint.update` raises TypeError.
        """
        operations = [{"op": "replace", "path": path, "value": value} for path, value in changes.items()]

        def patch() -> None:
            headers = {"Content-Type": "application/json-patch+json", **endpoint._auth.get_authentication_header()}
            endpoint._patch_endpoint_call(headers, {}, operations)

        self._asked(what, patch)
        self._expect(what, self._seen_through(endpoint, tell))

    def _deployed(self, endpoint: str, spec: DeploymentSpec, ended: Ended) -> Deployed:
        service = self._service(endpoint)
        found = endpoint_of(service, "").deployment(spec.name) if service is not None else None
        if ended.succeeded and found is not None and found.state == "ready":
            return Deployed(deployment=found, events=ended.events)
        said, reason = (ended.said, ended.reason) if ended.said else told_by(getattr(service, "error", None))
        if ended.state in ("Running", "NotStarted", "Transitioning"):
            said = reason = f"Timed out: it was not ready within {self.patience / 60:g} minutes"
        log = self._log_of_build(ended) or self._log_if_any(service)
        cause = Cause.IMAGE_BUILD if ended.step in ("BuildEnvironment", "BuildImage") else cause_of(said, log)
        why = _last_line(log) if cause is Cause.IMAGE_BUILD and log else reason or ended.state
        failed = (found or Deployment(name=spec.name, state="failed")).model_copy(update={"state": "failed"})
        reason = reason_of(cause, why, log)
        return Deployed(
            deployment=failed.model_copy(update={"reason": reason}),
            cause=cause,
            reason=reason,
            log=log,
            events=ended.events,
        )

    def _log_of_build(self, ended: Ended) -> str:
        """Empty where no image was being built."""
        if not ended.log_address or ended.step not in ("BuildEnvironment", "BuildImage"):
            return ""
        try:
            return b"".join(self._files.pieces(ended.log_address))[-_LONGEST_LOG:].decode("utf-8", "replace")
        except AmlTasksError as error:
            return f"The log of the image's build could not be read: {error}"

    def _log_if_any(self, service: Webservice | None) -> str:
        if service is None:
            return ""
        try:
            return self._log(service)
        except AmlTasksError as error:
            return f"The log of the container could not be read: {error}"

    def _log(self, service: Webservice) -> str:
        what = f"The log of {service.name} could not be read"
        return self._asked(what, lambda: str(service.get_logs(_LOG_LINES)))

    def close(self) -> None:
        self._files.close()


def _last_line(log: str) -> str:
    return next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "")
