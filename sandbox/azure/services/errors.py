"""What is refused about services, in the form of model management."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.azure.modelmanagement.errors import ModelError


def not_found(name: str) -> ModelError:
    return ModelError(404, "ServiceNotFound", f"Service with id {name} not found.")


def operation_not_found(name: str) -> ModelError:
    return ModelError(404, "OperationNotFound", f"Operation with id {name} not found.")


def exists(name: str) -> ModelError:
    return ModelError(
        409,
        "ServiceAlreadyExists",
        f"Service {name} with the same name already exists, please use a different service name or delete the existing "
        "service.",
    )


def other_kind(name: str, kind: str) -> ModelError:
    return ModelError(
        400, "ServiceComputeTypeChanged", f"Service {name} is one of the compute type {kind}, which no update changes."
    )


def bad_name(name: str) -> ModelError:
    return ModelError(
        400,
        "InvalidServiceName",
        f"The name '{name}' is invalid: it has 3 to 32 lowercase letters, digits and hyphens, begins with a letter and "
        "ends with a letter or a digit.",
    )


def no_compute(name: str) -> ModelError:
    return ModelError(404, "ComputeNotFound", f"Compute with name {name} not found in the workspace.")


def not_for_services(name: str, kind: str, state: str) -> ModelError:
    return ModelError(
        400,
        "InvalidCompute",
        f"The compute {name} cannot serve: it is {kind}, {state}, and must be AKS, Succeeded.",
    )


def bad_location(location: str, known: Iterable[str]) -> ModelError:
    return ModelError(
        400, "InvalidLocation", f"The location '{location}' is not supported. Supported are: {', '.join(known)}."
    )


def no_environment() -> ModelError:
    return ModelError(
        400,
        "EnvironmentNotSpecified",
        "The environmentImageRequest has no environment: deploying without one, by the framework of a model, is not "
        "played.",
    )


def bad_driver(name: str | None) -> ModelError:
    return ModelError(400, "InvalidDriver", f"The driver program {name} is none of the assets.")


def bad_asset(url: str) -> ModelError:
    return ModelError(400, "InvalidAsset", f"The asset {url} is not at the address of an artifact of the workspace.")


def too_large(cpu: float, memory: float) -> ModelError:
    return ModelError(
        400,
        "InvalidContainerResources",
        f"A container instance has at most 4 cores and 16 GB, not {cpu:g} cores and {memory:g} GB.",
    )


def two_ways_to_sign_in() -> ModelError:
    return ModelError(400, "InvalidAuthentication", "authEnabled and aadAuthEnabled cannot both be true.")


def no_certificate() -> ModelError:
    return ModelError(400, "InvalidSsl", "With sslEnabled there must be sslCertificate, sslKey and cname.")


def over_traffic(total: float) -> ModelError:
    return ModelError(
        400, "InvalidTraffic", f"The traffic of all versions is {total:g} percent, which must not be more than 100."
    )


def one_default(names: Iterable[str]) -> ModelError:
    return ModelError(
        400, "InvalidDefaultVersion", f"One version is the default, not {len(list(names))}: make another one it first."
    )


def bad_path(path: str) -> ModelError:
    return ModelError(400, "InvalidPatch", f"There is no {path} to change.")


def not_changeable(path: str) -> ModelError:
    return ModelError(400, "InvalidPatch", f"{path} cannot be changed.")


def no_tokens(name: str) -> ModelError:
    return ModelError(400, "TokenAuthNotEnabled", f"Token authentication is not enabled for the service {name}.")


def unschedulable(replicas: int, cpu: float, memory: float) -> ModelError:
    """As the client is told before it deploys."""
    return ModelError(
        400,
        "Unschedulable",
        f"Unschedulable: CPU/Memory resource insufficient, {replicas} replicas unschedulable. Please add more node(s) "
        f"with SKU more than {cpu:g} CPU Cores and {memory:g}GB Memory to host your replicas OR reduce your replica "
        "count and service resource requirements.",
    )
