"""Services of ACI and AKS through the SDK v1: single ones, and endpoints on AKS that share requests among versions.

A service comes into being with its first deployment: until then `ensure` and `tag` only keep what is to become of it.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from amltasks.errors import UserError
from amltasks.platforms.azureml.causes import cause_of, reason_of
from amltasks.platforms.azureml.connection import Cloud, Workspace
from amltasks.platforms.azureml.v1 import services
from amltasks.platforms.azureml.v1.views import endpoint_of, kind_of
from amltasks.platforms.azureml.v1.webservices import Webservices
from amltasks.platforms.endpoints import (
    CURRENT,
    Access,
    Auth,
    Cause,
    Deployed,
    Deployment,
    DeploymentSpec,
    Endpoint,
    EndpointSpec,
    Tell,
)
from amltasks.quoting import quoted

if TYPE_CHECKING:
    import azureml.core as sdk
    from azure.core.credentials import TokenCredential
    from azureml.core.webservice import Webservice


class EndpointsV1(Webservices):
    """See `endpoints.Endpoints`."""

    mirrors = False

    def __init__(self, workspace: Workspace, credential: TokenCredential, cloud: Cloud, kind: str) -> None:
        super().__init__(workspace, credential, cloud)
        self._kind = kind
        self.shares = kind == "aks"
        self._wanted: dict[str, EndpointSpec] = {}
        self._tags: dict[str, dict[str, str]] = {}  # of services that are not there yet

    def check(self, endpoint: EndpointSpec, deployment: DeploymentSpec) -> tuple[str, ...]:
        from azureml._model_management._util import webservice_name_validation
        from azureml.exceptions import WebserviceException

        for name in (endpoint.name, *([deployment.name] if endpoint.several else [])):
            try:
                webservice_name_validation(name)
            except WebserviceException:
                rule = "it has 3 to 32 lower-case letters, digits and -, and begins with a letter"
                raise UserError(f"endpoint: {quoted(name)} is no name for a service: {rule}.") from None
        if endpoint.several and not self.shares:
            raise UserError(
                "strategy: a container instance shares no requests: deploy to AKS, or replace what is there."
            )
        warnings = tuple(services.unknown(self._kind, endpoint, deployment))
        return (*warnings, *(self.check_cluster(endpoint) if self._kind == "aks" else ()))

    def find(self, name: str) -> Endpoint | None:
        service = self._service(name)
        if service is not None:
            return endpoint_of(service, self._page(name))
        wanted = self._wanted.get(name)
        return self._planned(wanted) if wanted else None

    def ensure(self, spec: EndpointSpec, tell: Tell) -> Endpoint:
        self._wanted[spec.name] = spec
        if self._kind == "aks":
            self.ensure_cluster(spec, tell)
        service = self._settled(spec, tell)
        if service is None:
            self._tags.setdefault(spec.name, {}).update(spec.tags)
            return self._planned(spec)
        if kind_of(service) == "several":
            self._change(service, spec, tell)
        found = self.find(spec.name)
        assert found
        return found

    def deploy(self, endpoint: str, spec: DeploymentSpec, tell: Tell) -> Deployed:
        try:
            service = self._begun(self._wanted.get(endpoint) or self._as_it_is(endpoint), spec, tell)
        except UserError as refused:
            cause = cause_of(str(refused))
            if cause is not Cause.QUOTA:
                raise
            reason = reason_of(cause, str(refused).partition(": ")[2])
            failed = Deployment(name=spec.name, state="failed", reason=reason)
            return Deployed(deployment=failed, cause=cause, reason=reason)
        self._tags.pop(endpoint, None)
        return self._deployed(endpoint, spec, self._seen_through(service, tell))

    def route(self, endpoint: str, traffic: Mapping[str, int], mirror: Mapping[str, int] = {}) -> None:
        service = self._existing(endpoint)
        if mirror:
            raise UserError("strategy: Azure ML by the SDK v1 copies no requests: leave mirroring out.")
        if kind_of(service) != "several":
            if dict(traffic) != {CURRENT: 100}:
                raise UserError(f"{endpoint} is a single service: all requests are those of its one deployment.")
            return
        if sum(traffic.values()) != 100 or not set(traffic) <= set(service.versions):
            raise UserError(f"{endpoint}: the shares {dict(traffic)} are not 100 % of versions that it has.")
        default = max(traffic, key=lambda name: traffic[name])
        changes = {
            f"/versions/{name}/{member}": value
            for name in service.versions
            for member, value in (("trafficPercentile", traffic.get(name, 0)), ("isDefault", name == default))
        }
        self._patch(f"The requests of {endpoint} could not be shared anew", service, changes)

    def tag(self, endpoint: str, tags: Mapping[str, str]) -> None:
        service = self._service(endpoint)
        if service is None:
            self._tags[endpoint] = _merged(self._tags.get(endpoint, {}), tags)
            return
        what = f"The tags of {endpoint} could not be changed"
        wanted = _merged(service.tags or {}, tags)
        if wanted == (service.tags or {}):
            return
        if kind_of(service) == "several":
            self._patch(what, service, {"/kvTags": wanted})
        else:
            self._asked(what, lambda: service.update(tags=wanted))
            self._expect(what, self._seen_through(service, _nobody))

    def access(self, endpoint: str) -> Access:
        service = self._existing(endpoint)
        found = endpoint_of(service, "")
        what = f"The keys of {endpoint} could not be read"
        key = ""
        if found.auth is Auth.KEY:
            key = self._asked(what, lambda: service.get_keys()[0])
        elif found.auth is Auth.TOKEN:
            key = self._asked(what, lambda: service.get_access_token().access_token)
        versions = service.versions if found.several else {}
        return Access(
            address=found.address,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            addresses={name: version.scoring_uri for name, version in versions.items()},
        )

    def log(self, endpoint: str, deployment: str) -> str:
        return self._log(self._existing(endpoint))

    def delete_deployment(self, endpoint: str, deployment: str, tell: Tell) -> None:
        service = self._service(endpoint)
        known = endpoint_of(service, "").deployment(deployment) if service is not None else None
        if service is None or known is None:
            return
        if known.traffic:
            raise UserError(
                f"{endpoint}: {deployment} has {known.traffic} % of the requests: give them to another first."
            )
        if kind_of(service) != "several" or len(service.versions) == 1:
            self.delete(endpoint, tell)
            return
        what = f"{deployment} of {endpoint} could not be deleted"
        self._asked(what, lambda: service.delete_version(deployment))
        self._expect(what, self._seen_through(service, tell))

    def delete(self, endpoint: str, tell: Tell) -> None:
        self._tags.pop(endpoint, None)
        self._wanted.pop(endpoint, None)

        def delete() -> None:
            service = self._service(endpoint)
            if service is not None:
                with contextlib.redirect_stdout(io.StringIO()):  # it tells its progress there
                    service.delete()

        self._asked(f"The service {endpoint} could not be deleted", delete)

    def _settled(self, spec: EndpointSpec, tell: Tell) -> Webservice | None:
        """The service, of the kind that is wanted, once nothing is under way any more; None where one is to be made."""
        service = self._service(spec.name)
        if service is None:
            return None
        if service.state == "Transitioning":
            tell(f"Something is being done with {spec.name} already: that is waited for.")
            if self._seen_through(service, tell).state == "Transitioning":
                tell(f"{spec.name} was left half made, and is made anew.")
                self._replace(spec, tell)
                return None
        kind, wanted = kind_of(service), "aci" if self._kind == "aci" else "several" if spec.several else "aks"
        if kind == wanted:
            return self._existing(spec.name)
        if not services.is_set(spec, services.OVERWRITE):
            raise UserError(
                f"endpoint: there is a service {quoted(spec.name)} of another kind ({service.compute_type}): choose "
                "another name, or have it replaced by the setting `overwrite: true`."
            )
        tell(f"{spec.name} is of another kind ({service.compute_type}), and is made anew.")
        self._replace(spec, tell)
        return None

    def _replace(self, spec: EndpointSpec, tell: Tell) -> None:
        self.delete(spec.name, tell)
        self._wanted[spec.name] = spec

    def _change(self, service: Webservice, spec: EndpointSpec, tell: Tell) -> None:
        """What an endpoint has beside its versions."""
        tags = _merged(service.tags or {}, spec.tags)
        keys, token = spec.auth is Auth.KEY, spec.auth is Auth.TOKEN
        wanted = {"/authEnabled": keys, "/aadAuthEnabled": token, "/kvTags": tags}
        if (service.auth_enabled, service.token_auth_enabled, service.tags) != tuple(wanted.values()):
            self._patch(f"The endpoint {spec.name} could not be changed", service, wanted, tell)

    def _begun(self, endpoint: EndpointSpec, spec: DeploymentSpec, tell: Tell) -> Webservice:
        """The service, of which something is being done now."""
        what = f"{endpoint.name} could not be deployed"
        models = [self._model(what, model) for model in spec.models]
        before = self._service(endpoint.name)
        overwrite = services.is_set(endpoint, services.OVERWRITE) and before is not None

        if before is not None and kind_of(before) == "aci" and not overwrite:
            for sentence in services.kept(before, endpoint, spec):
                tell(sentence)

        def begin() -> Webservice:
            service = self._service(endpoint.name)
            if before is None and service is not None:  # of a try whose answer was lost
                return service
            with services.inference_config(spec, self._workspace) as config:
                if service is None or (overwrite and not endpoint.several):
                    return self._create(endpoint, spec, models, config, overwrite)
                self._update(service, endpoint, spec, models=models, inference_config=config)
            return service

        return self._asked(what, begin)

    def _create(
        self, endpoint: EndpointSpec, spec: DeploymentSpec, models: list[sdk.Model], config: Any, overwrite: bool
    ) -> Webservice:
        from azureml.core import Model as SdkModel
        from azureml.core.webservice import AciWebservice, AksEndpoint, AksWebservice

        endpoint = endpoint.model_copy(update={"tags": {**self._tags.get(endpoint.name, {}), **endpoint.tags}})
        if self._kind == "aci":
            asked = AciWebservice.deploy_configuration(**services.aci_arguments(endpoint, spec))
        elif endpoint.several:
            first = {"version_name": spec.name, "traffic_percentile": 100}
            asked = AksEndpoint.deploy_configuration(**services.aks_arguments(endpoint, spec), **first)
        else:
            asked = AksWebservice.deploy_configuration(**services.aks_arguments(endpoint, spec))
        return SdkModel.deploy(self._workspace, endpoint.name, models, config, asked, overwrite=overwrite)

    def _update(self, service: Webservice, endpoint: EndpointSpec, spec: DeploymentSpec, **content: Any) -> None:
        kind = kind_of(service)
        if kind == "several":
            arguments = services.version_arguments(endpoint, spec)
            # The SDK compares cores and memory with those of an endpoint, which has none, and stumbles over that.
            type(service).container_resource_requirements = None
            if spec.name in service.versions:
                service.update_version(spec.name, **arguments, **content)
            else:
                service.create_version(spec.name, **arguments, **content, traffic_percentile=0)
            return
        changes = services.aci_changes(endpoint, spec) if kind == "aci" else services.aks_changes(endpoint, spec)
        changes["tags"] = _merged(service.tags or {}, changes["tags"])
        service.update(**changes, **content)

    def _as_it_is(self, name: str) -> EndpointSpec:
        found = endpoint_of(self._existing(name), "")
        return EndpointSpec(name=name, auth=found.auth, several=found.several)

    def _planned(self, spec: EndpointSpec) -> Endpoint:
        return Endpoint(
            name=spec.name,
            state="creating",
            auth=spec.auth,
            several=spec.several,
            tags=self._tags.get(spec.name, {}),
            page=self._page(spec.name),
        )

    def _page(self, name: str) -> str:
        return f"{self._cloud.studio}endpoints/realtime/{name}/detail?wsid={self.workspace.path}"


def _merged(tags: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """An empty value takes one away."""
    return {name: value for name, value in {**tags, **more}.items() if value}


def _nobody(_: str) -> None:
    """Is told what nobody wants to hear."""
