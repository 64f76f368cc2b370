"""What is refused about assets."""

from __future__ import annotations

from sandbox.azure.machine_learning import MachineLearningError


def exists(kind: str, name: str, version: str, changed: str) -> MachineLearningError:
    """kind: in words, like `data`; changed: what the client wants otherwise. The SDK counts on 409, unlike for jobs."""
    return MachineLearningError(
        409,
        f"The {kind} version {name}:{version} already exists. If you are trying to create a new {kind} version, use a "
        f"different name or version. If you are trying to update an existing {kind} version, the existing asset's "
        f"{changed} cannot be changed. Only tags, description, properties, stage, and isArchived can be updated.",
        inner=("Immutable", "AssetPropertyImmutable"),
    )


def bad_name(kind: str, name: str) -> MachineLearningError:
    return MachineLearningError(
        400,
        f"The {kind} name or version '{name}' is invalid: it has 1 to 255 letters, digits, dots, underscores and "
        "hyphens and begins with a letter, a digit or an underscore.",
        inner=("BadArgument",),
    )


def bad_conda(reason: str) -> MachineLearningError:
    return MachineLearningError(400, f"The conda file of the environment is invalid: {reason}", inner=("BadArgument",))


def no_image() -> MachineLearningError:
    return MachineLearningError(
        400, "An environment needs an image or a build context.", inner=("BadArgument", "ArgumentInvalid")
    )


def image_and_build() -> MachineLearningError:
    return MachineLearningError(
        400, "An environment has an image or a build context, not both.", inner=("BadArgument", "ArgumentInvalid")
    )
