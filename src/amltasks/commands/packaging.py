"""Makes a scoring image, or the folder to build one from, of a registered model."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from amltasks.commands.deployed_models import find_models
from amltasks.commands.package_request import Form, PackageRequest
from amltasks.commands.places import SignedIn
from amltasks.data import Data
from amltasks.endpoints.container import write_context
from amltasks.platforms.endpoints import DeploymentSpec
from amltasks.platforms.registry import Model, Registry


class Package(Data):
    """image: its location, or what a context's image is to be called. context: None where Azure ML has built it."""

    models: tuple[Model, ...]
    image: str
    context: Path | None = None
    notes: tuple[str, ...] = ()


def make_package(
    request: PackageRequest,
    registry: Registry,
    signed_in: SignedIn | None,
    places: list[Path],
    tell: Callable[[str], None],
) -> Package:
    """places: where an artifact with metadata may lie. Raises UserError, ServiceError."""
    models = tuple(find_models(registry, request.models, request.metadata, places))
    spec = request.deployment.model_copy(update={"models": models})
    if request.form is Form.IMAGE and signed_in is not None:
        return Package(models=models, image=_built(request, spec, signed_in, tell))
    with tempfile.TemporaryDirectory(prefix="models-") as scratch:
        found = {}
        for number, model in enumerate(models):
            (Path(scratch) / str(number)).mkdir()
            found[model.id] = registry.download(model, Path(scratch) / str(number))
        context = write_context(request.folder, spec, found, tell, wheels=request.wheels)
    return Package(models=models, image=_name(request, models[0]), context=context.folder, notes=context.notes)


def _built(request: PackageRequest, spec: DeploymentSpec, signed_in: SignedIn, tell: Callable[[str], None]) -> str:
    from amltasks.platforms.azureml.v1.packages import PackagesV1

    with closing(PackagesV1(signed_in.workspace, signed_in.credential, signed_in.cloud)) as packages:
        packages.open()
        return packages.package(spec, request.name, request.label, tell)


def _name(request: PackageRequest, model: Model) -> str:
    return f"{request.name or model.name.lower()}:{request.label or model.version}"
