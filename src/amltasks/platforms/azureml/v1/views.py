"""Services of the SDK v1 as endpoints with deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from amltasks.platforms.azureml.v1.operations import told_by
from amltasks.platforms.endpoints import CURRENT, Auth, Deployment, Endpoint, State

if TYPE_CHECKING:
    from azureml.core.webservice import Webservice

_STATES: dict[str, State] = {"Healthy": "ready", "Transitioning": "creating", "Deleting": "deleting"}
Kind = Literal["aci", "aks", "several", "other"]
_KINDS: dict[str, Kind] = {"ACI": "aci", "AKS": "aks", "AKSENDPOINT": "several"}


def kind_of(service: Webservice) -> Kind:
    """several: an endpoint whose versions share its requests."""
    return _KINDS.get(str(service.compute_type).upper(), "other")


def endpoint_of(service: Webservice, page: str) -> Endpoint:
    several = kind_of(service) == "several"
    state = _STATES.get(service.state, "failed")
    return Endpoint(
        name=service.name,
        state=state,
        address=getattr(service, "scoring_uri", None) or "",
        auth=_auth(service),
        several=several,
        deployments=_versions(service) if several else (_deployment(service, CURRENT),),
        tags=_texts(service.tags),
        page=page,
    )


def _auth(service: Webservice) -> Auth:
    if getattr(service, "token_auth_enabled", False):
        return Auth.TOKEN
    return Auth.KEY if service.auth_enabled else Auth.NONE


def _versions(service: Webservice) -> tuple[Deployment, ...]:
    """What is given to nobody is the default version's."""
    shares = {name: round(version.traffic_percentile or 0) for name, version in service.versions.items()}
    default = next((name for name, version in service.versions.items() if version.is_default), None)
    if default is not None:
        shares[default] += 100 - sum(shares.values())
    return tuple(_deployment(version, name, shares[name]) for name, version in service.versions.items())


def _deployment(service: Webservice, name: str, traffic: int | None = None) -> Deployment:
    state = _STATES.get(service.state, "failed")
    if state == "failed" and _available(service):  # what was there before an update that failed
        state = "ready"
    return Deployment(
        name=name,
        state=state,
        models=tuple(model.id for model in getattr(service, "models", None) or ()),
        traffic=(100 if state == "ready" else 0) if traffic is None else traffic,
        tags=_texts(service.tags),
        reason="" if state == "ready" else told_by(service.error)[1],
    )


def _available(service: Webservice) -> int:
    status: Any = getattr(service, "deployment_status", None)
    return int((status.get("availableReplicas") if isinstance(status, dict) else 0) or 0)


def _texts(tags: dict[str, Any] | None) -> dict[str, str]:
    return {str(name): str(value) for name, value in (tags or {}).items()}
