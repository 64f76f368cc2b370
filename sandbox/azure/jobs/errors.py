"""What is refused about jobs."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.azure.machine_learning import MachineLearningError


def exists(changed: Iterable[str]) -> MachineLearningError:
    names = ", ".join(name[0].upper() + name[1:] for name in changed)
    return MachineLearningError(
        400,
        "A job with this name already exists. If you are trying to create a new job, use a different name. If you are "
        f"trying to update an existing job, the existing job's {names} cannot be changed. Only description, tags, "
        "displayName, properties, and isArchived can be updated.",
        inner=("Immutable", "JobPropertyImmutable"),
    )


def bad_name(name: str) -> MachineLearningError:
    return MachineLearningError(
        400,
        f"The job name '{name}' is invalid: it has 1 to 255 letters, digits, underscores and hyphens and begins with a "
        "letter or a digit.",
        inner=("BadArgument",),
    )


def unknown_compute(name: str) -> MachineLearningError:
    return MachineLearningError(
        400, f"Unknown compute target '{name}'.", inner=("BadArgument", "ComputeTargetNotFound")
    )


def not_for_jobs(name: str, kind: str) -> MachineLearningError:
    return MachineLearningError(
        400, f"The compute target '{name}' of type {kind} cannot run jobs here.", inner=("BadArgument",)
    )


def unknown_asset(kind: str, name: str) -> MachineLearningError:
    return MachineLearningError(400, f"{kind} {name} not found.", inner=("BadArgument", f"{kind}NotFound"))


def unbound(names: Iterable[str]) -> MachineLearningError:
    return MachineLearningError(
        400,
        f"The command refers to inputs or outputs that the job does not have: {', '.join(names)}.",
        inner=("BadArgument",),
    )


def too_many_nodes(asked: int, most: int) -> MachineLearningError:
    return MachineLearningError(
        400,
        f"The requested number of nodes {asked} exceeds the maximum number of nodes {most} of the compute target.",
        inner=("BadArgument",),
    )


def has_ended(name: str, status: str) -> MachineLearningError:
    return MachineLearningError(
        400, f"Job {name} cannot be canceled: it is in the terminal state {status}.", inner=("BadArgument",)
    )


def is_active(name: str, status: str) -> MachineLearningError:
    return MachineLearningError(409, f"Job {name} is {status}: cancel it before it is deleted.", code="Conflict")
