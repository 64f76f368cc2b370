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
