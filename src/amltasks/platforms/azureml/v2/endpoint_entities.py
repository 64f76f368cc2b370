"""An endpoint as the SDK v2 takes it, and as it tells of it with its deployments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from amltasks.platforms.azureml.v2.client import identity_of
from amltasks.platforms.azureml.v2.deployments import KUBERNETES
from amltasks.platforms.endpoints import Auth, Deployment, Endpoint, EndpointSpec, State

AUTH = {Auth.KEY: "key", Auth.NONE: "key", Auth.TOKEN: "aml_token", Auth.AAD: "aad_token"}
_OF_AUTH = {"key": Auth.KEY, "aml_token": Auth.TOKEN, "aad_token": Auth.AAD}
_STATES: dict[str, State] = {"Succeeded": "ready", "Failed": "failed", "Canceled": "failed", "Deleting": "deleting"}


def endpoint_entity(spec: EndpointSpec, known: Any, kind: str) -> Any:
    """For `online_endpoints.begin_create_or_update`. known: as it is, with its shares, which stay; or None."""
    from azure.ai.ml.entities import KubernetesOnlineEndpoint, ManagedOnlineEndpoint

    if known is not None:
        known.tags = {**(known.tags or {}), **spec.tags}
        known.description = spec.description or known.description
        return known
    common: dict[str, Any] = {
        "name": spec.name,
        "auth_mode": AUTH[spec.auth],
        "description": spec.description or None,
        "tags": dict(spec.tags),
        "identity": identity_of(spec.settings.get("identity", "")),
    }
    if kind == KUBERNETES:
        return KubernetesOnlineEndpoint(**common, compute=spec.compute)
    network = spec.settings.get("publicNetworkAccess", "").lower()
    return ManagedOnlineEndpoint(**common, public_network_access=network or None)


def told_endpoint(found: Any, deployments: Iterable[Any], page: str) -> Endpoint:
    """found, deployments: entities of the SDK."""
    return Endpoint(
        name=str(found.name),
        state=_state(found),
        address=found.scoring_uri or "",
        auth=_OF_AUTH.get(found.auth_mode or "", Auth.KEY),
        several=True,
        deployments=tuple(_deployment(each, found) for each in deployments),
        tags=_texts(found.tags),
        page=page,
    )


def _state(found: Any) -> State:
    return _STATES.get(found.provisioning_state or "", "creating")


def _deployment(found: Any, endpoint: Any) -> Deployment:
    name = str(found.name)
    return Deployment(
        name=name,
        state=_state(found),
        models=tuple(_model_ids(str(found.model or ""))),
        traffic=int((endpoint.traffic or {}).get(name, 0)),
        mirror=int((endpoint.mirror_traffic or {}).get(name, 0)),
        tags=_texts(found.tags),
    )


def _model_ids(asset: str) -> Iterator[str]:
    """`…/models/NAME/versions/VERSION` as `NAME:VERSION`."""
    name, found, version = asset.rpartition("/models/")[2].partition("/versions/")
    if found:
        yield f"{name}:{version}"


def _texts(tags: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(name): str(value) for name, value in (tags or {}).items()}
