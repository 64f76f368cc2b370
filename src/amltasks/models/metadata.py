"""`model_metadata.json` in the artifact `model_metadata`: which model a build has registered, for what deploys it."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.quoting import quoted

ARTIFACT = "model_metadata"
NAME = "model_metadata.json"


class ModelMetadata(Data):
    """model: `name:version`, as tasks that deploy it name it. platform: where it is registered (`agent`, `azureml`, …).

    hash: of its content, see `models.content`. verdict: of the gate, empty without one. run: that it comes from.
    tags: all that it was registered with, its lineage among them.
    """

    model: str
    name: str
    version: str
    platform: str
    verdict: str = ""
    hash: str = ""
    run: str = ""
    build_id: str = ""
    build_number: str = ""
    commit: str = ""
    metrics: dict[str, float | None] = {}
    tags: dict[str, str] = {}


def write_metadata(metadata: ModelMetadata, folder: Path) -> Path:
    """The file, in a folder that is made. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    path.write_text(metadata.model_dump_json(by_alias=True, indent=2) + "\n", encoding="utf-8")
    return path


def read_metadata(place: Path) -> ModelMetadata:
    """From the file, or from a folder with it, as the artifact's is. Raises UserError where there is none."""
    for path in (place, place / NAME, place / ARTIFACT / NAME):
        if path.is_file():
            return _read(path)
    raise UserError(
        f"{quoted(place)} holds no {NAME}: name the file or the folder of the artifact {ARTIFACT}, which RegisterModel "
        "publishes when it has registered a model."
    )


def _read(path: Path) -> ModelMetadata:
    try:
        return ModelMetadata.model_validate_json(path.read_bytes())
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        raise UserError(f"{quoted(path)}: {f'{place}: ' if place else ''}{fault['msg']}.") from None
    except OSError as error:
        raise UserError(f"{quoted(path)} cannot be read: {error.strerror}.") from None
