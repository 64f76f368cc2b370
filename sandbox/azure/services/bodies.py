"""Services as clients see them: with all members that azureml-core asks for, those without a value too."""

from __future__ import annotations

from typing import Any

from sandbox.azure.modelmanagement.responses import model_body
from sandbox.azure.resources import Resource
from sandbox.azure.services.containers import image_of, models_of
from sandbox.azure.services.models import AciService, AksEndpoint, AksService, ImageRequest
from sandbox.azure.services.scoring import address_of
from sandbox.azure.services.settings import Asked, Container
from sandbox.azure.services.state import Service
from sandbox.azure.wire import Call
from sandbox.wire import format_time

# Of what a client has said: what is not told, or told in another form.
_ELSE = {"name", "keys", "overwrite", "ssl_certificate", "ssl_key", "environment_image_request", "versions"}
_ELSE |= {"location", "dns_name_label", "storage_init_enabled"}
# Members of a model without which the SDK cannot read it here.
_NOTHING = dict.fromkeys(("description", "framework", "frameworkVersion", "experimentName", "runId", "parentModelId"))


def service_body(call: Call, workspace: Resource, service: Service) -> dict[str, Any]:
    asked = service.asked
    common = {
        "id": service.name,
        "name": service.name,
        "operationId": service.operation,
        "state": service.state,
        "createdTime": format_time(service.created),
        "updatedTime": format_time(service.updated),
        "error": service.error,
        "deploymentType": "HttpRealtimeEndpoint",
        "createdBy": {"userObjectId": service.by, "userTenantId": call.azure.tenant},
        **_told(asked),
    }
    if isinstance(asked, AciService):
        return {**common, **_aci(call, workspace, service, asked)}
    if isinstance(asked, AksService):
        return {**common, **_aks(call, workspace, service, asked, "")}
    assert isinstance(asked, AksEndpoint)
    versions = {
        name: {**common, **_told(version), **_aks(call, workspace, service, version, name), "id": name, "name": name}
        for name, version in asked.versions.items()
    }
    return {**common, **_addresses(call, workspace, service, asked, ""), "versions": versions}


def _told(asked: Asked) -> dict[str, Any]:
    """What the client has said, and what stands for what it has not."""
    return asked.model_dump(mode="json", by_alias=True, exclude=_ELSE)


def _aci(call: Call, workspace: Resource, service: Service, asked: AciService) -> dict[str, Any]:
    address, needs = address_of(call.azure, workspace, service, asked), asked.container_resource_requirements
    told = {
        "location": asked.location or call.azure.location,
        "containerResourceRequirements": {"cpu": needs.cpu, "memoryInGB": needs.memory_in_gb},
        "scoringUri": f"{address}/score",
        "swaggerUri": f"{address}/swagger.json",
        "publicIp": None,
        "publicFqdn": service.host,
        "sslCertificate": None,
        "sslKey": None,
        "imageDigest": None,
        **_image(call, workspace, asked),
    }
    if service.state in ("Healthy", "Unhealthy"):
        return told
    return {**told, "scoringUri": told["scoringUri"] if service.serving else None}


def _aks(call: Call, workspace: Resource, service: Service, asked: AksService, version: str) -> dict[str, Any]:
    replicas = asked.num_replicas or asked.auto_scaler.min_replicas
    available = replicas if version in service.serving else 0
    return {
        **_addresses(call, workspace, service, asked, version),
        "numReplicas": replicas,
        "deploymentStatus": {
            "desiredReplicas": replicas,
            "updatedReplicas": replicas,
            "availableReplicas": available,
            "error": service.error,
        },
        "imageDigest": None,
        **_image(call, workspace, asked),
    }


def _addresses(
    call: Call, workspace: Resource, service: Service, asked: AksService | AksEndpoint, version: str
) -> dict[str, Any]:
    address = address_of(call.azure, workspace, service, asked, version)
    return {"scoringUri": f"{address}/score", "swaggerUri": f"{address}/swagger.json"}


def _image(call: Call, workspace: Resource, asked: Container) -> dict[str, Any]:
    image = asked.environment_image_request
    known = [each for each in image.model_ids if call.azure.models.find(workspace, each)]
    there = image.model_copy(update={"model_ids": tuple(known)})
    models = [{**_NOTHING, **model_body(call, workspace, each)} for each in models_of(call.azure, workspace, there)]
    return {
        "imageId": image_of(workspace, asked),
        "models": models,
        "modelConfigMap": {},
        "environmentImageRequest": _request(image),
    }


def _request(image: ImageRequest) -> dict[str, Any]:
    told = image.model_dump(mode="json", by_alias=True, exclude={"environment"})
    environment = image.environment.model_dump(mode="json", by_alias=True) if image.environment else None
    return {**told, "environment": environment}
