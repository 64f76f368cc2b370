"""What an image of models is built from: a Dockerfile, the conda file, and where the other files are."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from sandbox.azure.artifacts.state import prefix_of
from sandbox.azure.environments.models import Definition
from sandbox.azure.execution.places import UnknownPlaceError, place_of
from sandbox.azure.resources import Resource
from sandbox.azure.services.containers import APP, MODELS, folder_of
from sandbox.azure.services.models import ImageRequest

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud

_ROOT = f"/var/{APP}"
_INSTALL = """\
COPY conda.yml /tmp/conda.yml
RUN conda env update --name base --file /tmp/conda.yml
"""
_SERVE = """\
COPY {app} {root}
ENV AML_APP_ROOT={root}
{variables}WORKDIR {root}
EXPOSE 5001
CMD ["azmlinfsrv", "--entry_script", "{script}", "--port", "5001"]
"""


def manifest(
    cloud: Cloud, workspace: Resource, image: ImageRequest, environment: Resource, models: list[Resource]
) -> dict[str, Any]:
    """In the form in which the SDK v1 makes a folder of it. UnknownPlaceError where a model's files are nowhere."""
    definition = image.environment
    assert definition is not None
    conda = environment.properties.get("condaFile")
    entries = [_inline("Dockerfile", _dockerfile(image, definition, models, with_conda=bool(conda)))]
    if conda:
        entries.append(_inline("conda.yml", str(conda)))
    entries += [_remote(asset.url, APP, unpack=asset.unpack) for asset in image.assets]
    entries += [_remote(_address(cloud, workspace, model), f"{APP}/{folder_of(model)}") for model in models]
    *_, name, _, version = environment.id.split("/")
    return {"context": entries, "environment": {"name": name, "version": version}}


def _dockerfile(image: ImageRequest, definition: Definition, models: list[Resource], *, with_conda: bool) -> str:
    variables = dict(definition.environment_variables)
    script = variables.get("AZUREML_ENTRY_SCRIPT") or image.driver_program or ""
    if models:
        variables["AZUREML_MODEL_DIR"] = f"{_ROOT}/{folder_of(models[0]) if len(models) == 1 else MODELS}"
    base = definition.docker.base_dockerfile or f"FROM {definition.docker.base_image}"
    lines = "".join(f"ENV {name}={json.dumps(text)}\n" for name, text in variables.items())
    serve = _SERVE.format(app=APP, root=_ROOT, variables=lines, script=script)
    return f"{base.rstrip()}\n{_INSTALL if with_conda else ''}{serve}"


def _address(cloud: Cloud, workspace: Resource, model: Resource) -> str:
    place = place_of(cloud, workspace, model.properties["modelUri"])
    found = prefix_of(workspace, cloud.datastores.all(workspace), place.account, place.container, place.path)
    if found is None:
        raise UnknownPlaceError(f"The files of the model {model.name} are in no datastore.")
    return f"aml://artifact/{found}"


def _inline(path: str, text: str) -> dict[str, Any]:
    content = base64.b64encode(text.encode()).decode()
    return {"entryType": "inline", "path": path, "encoding": "base64", "content": content}


def _remote(address: str, path: str, *, unpack: bool = False) -> dict[str, Any]:
    return {"entryType": "remote", "uri": address, "path": path, "unpack": unpack}
