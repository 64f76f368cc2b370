"""What is refused about computes."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.azure.machine_learning import MachineLearningError


def bad_name(name: str) -> MachineLearningError:
    return MachineLearningError(
        400,
        f"The compute name '{name}' is invalid: it has 2 to 32 letters, digits and hyphens, begins with a letter and "
        "does not end with a hyphen.",
        code="BadRequest",
    )


def unknown_size(size: str, location: str, known: Iterable[str]) -> MachineLearningError:
    return MachineLearningError(
        400,
        f"The specified VM size '{size}' is not supported in the region {location}. Supported are: {', '.join(known)}.",
        code="BadArgument",
        inner=("VmSizeNotSupported",),
    )


def over_quota(asked: int, quota: int, family: str) -> MachineLearningError:
    return MachineLearningError(
        400,
        f"The specified subscription has a {family} vCPU quota of {quota} and cannot accommodate at least {asked} "
        "requested cores. Please request a quota increase.",
        code="ClusterCoreQuotaReached",
    )


def bad_scale(least: int, most: int) -> MachineLearningError:
    return MachineLearningError(
        400,
        f"The scale settings are invalid: minNodeCount {least}, maxNodeCount {most}.",
        code="BadArgument",
    )


def is_in_use(name: str) -> MachineLearningError:
    return MachineLearningError(409, f"The compute {name} runs jobs: cancel them first.", code="Conflict")


def bad_location(location: str, known: Iterable[str]) -> MachineLearningError:
    return MachineLearningError(
        400,
        f"The provided location '{location}' is not available for this compute. Available are: {', '.join(known)}.",
        code="BadArgument",
        inner=("LocationNotAvailable",),
    )


def too_few_cores(purpose: str, least: int, cores: int) -> MachineLearningError:
    return MachineLearningError(
        400,
        f"A cluster with the purpose {purpose} must have at least {least} virtual CPUs, this one would have {cores}: "
        "take more or larger agents, or the purpose DevTest.",
        code="BadArgument",
    )


def no_cluster(name: str) -> MachineLearningError:
    return MachineLearningError(
        404, f"The Kubernetes cluster {name} was not found.", code="NotFound", inner=("ClusterNotFound",)
    )


def no_room(name: str, quota: int, taken: int, asked: int) -> MachineLearningError:
    """Of the cores in the region, which Azure looks at only when it makes the machines."""
    return MachineLearningError(
        400,
        "InvalidTemplateDeployment: Error code: 'QuotaExceeded'. Message: Provisioning of resource(s) for container "
        f"service {name} failed: Operation could not be completed as it results in exceeding approved Total Regional "
        f"Cores quota. Current Limit: {quota}, Current Usage: {taken}, Additional Required: {asked}.",
        code="BadArgument",
    )
