"""A service's settings: read, changed and judged."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sandbox.azure.modelmanagement.errors import ModelError
from sandbox.azure.services import errors
from sandbox.azure.services.models import AciService, AksEndpoint, AksService, AnyService, Change, ImageRequest
from sandbox.wire import misfits

NAME = re.compile(r"[a-z](?:[a-z0-9-]{1,30}[a-z0-9])")
_FIXED = ("name", "computeType", "computeName", "location", "dnsNameLabel", "namespace", "keys", "overwrite")
_MOST_CORES, _MOST_MEMORY = 4, 16  # of a container instance
Asked = AciService | AksService | AksEndpoint
Container = AciService | AksService  # what one container is made of

_ANY: TypeAdapter[Asked] = TypeAdapter(AnyService)


def read(settings: Mapping[str, Any]) -> Asked:
    """What was kept, or sent; ModelError for what no service is."""
    try:
        return _ANY.validate_python(dict(settings))
    except ValidationError as error:
        message = f"The request content was invalid and could not be deserialized: {misfits(error)}"
        raise ModelError(400, "InvalidRequestContent", message) from None


def kept(service: Asked) -> dict[str, Any]:
    """What is written down of what was sent: not the keys, which are elsewhere."""
    return service.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"keys", "overwrite"})


def changed(settings: Mapping[str, Any], changes: Iterable[Change]) -> Asked:
    """After changes in the form of JSON Patch, of members alone."""
    document = copy.deepcopy(dict(settings))
    for change in changes:
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in change.path[1:].split("/")]
        if last == "tags":  # so the SDK calls those of a version, where it changes them
            last = "kvTags"
        if [*parents, last][0] in _FIXED:
            raise errors.not_changeable(change.path)
        place = document
        for name in parents:
            if not isinstance(place.get(name), dict):
                raise errors.bad_path(change.path)
            place = place[name]
        if change.op == "remove":
            if last not in place:
                raise errors.bad_path(change.path)
            del place[last]
        else:
            place[last] = change.value
    return settled(read(document))


def settled(service: Asked) -> Asked:
    """With what follows where nothing was said: of an endpoint, its default version, and what its versions share."""
    if isinstance(service, AksService) and service.auth_enabled is None:
        return service.model_copy(update={"auth_enabled": not service.aad_auth_enabled})
    if not isinstance(service, AksEndpoint):
        return service
    auth = service.auth_enabled if service.auth_enabled is not None else not service.aad_auth_enabled
    compute = service.compute_name or next(
        (each.compute_name for each in service.versions.values() if each.compute_name), None
    )
    alone = len(service.versions) == 1
    versions = {
        name: version.model_copy(
            update={
                "name": name,
                "compute_name": compute,
                "auth_enabled": auth,
                "aad_auth_enabled": service.aad_auth_enabled,
                "is_default": version.is_default or alone,
            }
        )
        for name, version in service.versions.items()
    }
    return service.model_copy(update={"auth_enabled": auth, "compute_name": compute, "versions": versions})


def check(service: Asked) -> None:
    """Refuse what fits no service, whatever workspace it is in."""
    if not NAME.fullmatch(service.name):
        raise errors.bad_name(service.name)
    if not isinstance(service, AciService) and service.auth_enabled and service.aad_auth_enabled:
        raise errors.two_ways_to_sign_in()
    if isinstance(service, AciService):
        asked = service.container_resource_requirements
        if asked.cpu > _MOST_CORES or asked.memory_in_gb > _MOST_MEMORY:
            raise errors.too_large(asked.cpu, asked.memory_in_gb)
        if service.ssl_enabled and not (service.ssl_certificate and service.ssl_key and service.cname):
            raise errors.no_certificate()
    if isinstance(service, AksEndpoint):
        total = sum(each.traffic_percentile or 0 for each in service.versions.values())
        if total > 100:
            raise errors.over_traffic(total)
        defaults = [name for name, each in service.versions.items() if each.is_default]
        if len(defaults) != 1:
            raise errors.one_default(defaults)
        for name in service.versions:
            if not NAME.fullmatch(name):
                raise errors.bad_name(name)
    for container in containers(service).values():
        check_image(container.environment_image_request)


def containers(service: Asked) -> Mapping[str, Container]:
    """What serves, by version; the version of a service that has none is empty."""
    return service.versions if isinstance(service, AksEndpoint) else {"": service}


def traffic(endpoint: AksEndpoint) -> dict[str, float]:
    """Percentages, which sum to 100: what is given to nobody is the default version's."""
    found = {name: version.traffic_percentile or 0.0 for name, version in endpoint.versions.items()}
    default = next(name for name, version in endpoint.versions.items() if version.is_default)
    found[default] += 100 - sum(found.values())
    return found


def check_image(image: ImageRequest) -> None:
    """Refuse what no container can be made of."""
    if image.environment is None:
        raise errors.no_environment()
    if image.driver_program not in {each.id for each in image.assets}:
        raise errors.bad_driver(image.driver_program)
    for asset in image.assets:
        if not asset.url.startswith("aml://artifact/"):
            raise errors.bad_asset(asset.url)
