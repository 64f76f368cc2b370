"""What is to be packaged: typed and checked, whether it came from a task's inputs or a command line."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from amltasks.commands.places import platform_of
from amltasks.data import Data
from amltasks.endpoints.settings import settings_of
from amltasks.errors import UserError
from amltasks.platforms.endpoints import DeploymentSpec
from amltasks.quoting import listed, quoted
from amltasks.requests import Platform, parse_yes_or_no


class Form(str, Enum):
    """image: built by Azure ML into the workspace's registry. context: a folder to build one from."""

    IMAGE = "image"
    CONTEXT = "context"


class PackageRequest(Data):
    """models: as they were named; none where `metadata` tells. folder: of a context, new or empty.

    name, label: of the image, empty for what it is called without. wheels: whether they go into the context.
    """

    platform: Platform
    form: Form
    models: tuple[str, ...] = ()
    metadata: Path | None = None
    deployment: DeploymentSpec
    name: str = ""
    label: str = ""
    folder: Path
    wheels: bool = False

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, str], root: Path, work: Path, default_folder: Path) -> PackageRequest:
        """work: a folder for files that are made. Raises UserError, naming the input."""
        given = {name: value.strip() for name, value in inputs.items()}
        platform = platform_of(given.get("platform", ""))
        form = _form(given.get("form", ""), platform)
        wheels = parse_yes_or_no(given.get("wheels") or "false", "wheels")
        if wheels and form is Form.IMAGE:
            raise UserError("wheels: are for a context; Azure ML builds images with an index of its own.")
        folder, metadata = given.get("contextFolder", ""), given.get("modelMetadata", "")
        return cls(
            platform=platform,
            form=form,
            models=tuple(filter(None, (word.strip() for word in given.get("model", "").split("\n")))),
            metadata=root / metadata if metadata else None,
            deployment=settings_of({**given, "endpoint": "package"}, root, work).deployment,  # which has no endpoint
            name=given.get("imageName", "").lower(),
            label=given.get("imageLabel", ""),
            folder=root / folder if folder else default_folder,
            wheels=wheels,
        )


def _form(text: str, platform: Platform) -> Form:
    builds = platform is Platform.AZUREML_V1
    if not text:
        return Form.IMAGE if builds else Form.CONTEXT
    try:
        form = Form(text.lower())
    except ValueError:
        raise UserError(f"form: {quoted(text)} is none: there are {listed(each.value for each in Form)}.") from None
    if form is Form.IMAGE and not builds:
        raise UserError("form: only the SDK v1 builds images (platform: azureml-v1): take a context, and build it.")
    return form
