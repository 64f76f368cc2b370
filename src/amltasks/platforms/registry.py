"""The contract between a command and the place where models are registered, and where runs leave what models come from.

Every method blocks, may be called from several threads, repeats what may be repeated, and raises ServiceError where the
place itself fails, UserError where it refuses what was asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from amltasks.data import Data

KEY = "amltasks.key"  # the tag that holds NewModel.key


class Model(Data):
    """A registered version. id: as other tasks name it, `name:version`. run: that it comes from, empty if from none.

    stage: as the registry calls it (`Production`), empty where it has none. page: where people look at it.
    """

    name: str
    version: str
    description: str = ""
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    framework: str = ""
    stage: str = ""
    run: str = ""
    created_at: datetime | None = None
    page: str = ""

    @property
    def id(self) -> str:
        return f"{self.name}:{self.version}"


class NewModel(Data):
    """What is to be registered. path: a file or a folder. kind: `custom`, `mlflow` or `triton`.

    key: the same for every try of the same step; a version that has it in its tag KEY is this one, so that nothing is
    registered twice. tags need not hold it: the registry adds it. output: where the same lies among what the run has
    left, empty if it does not; a registry may take it from there.
    """

    name: str
    path: Path
    key: str
    kind: str = "custom"
    description: str = ""
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    framework: str = ""
    framework_version: str = ""
    run: str = ""
    output: str = ""


class Metric(Data):
    """The last value of a metric. run: that has logged it, the one that was asked for or a child of it."""

    name: str
    value: float
    run: str


class Registry(Protocol):
    """Models of one place, by name and version."""

    def open(self) -> None:
        """Comes first. Raises UserError where there is no such place, or no right to see it."""

    def versions(self, name: str, tags: Mapping[str, str] = {}) -> Iterator[Model]:
        """Those with all of the tags, the newest first; nothing where there are none. An empty value is any value.

        name: empty for the versions of all names, of which those of one name stand together.
        """

    def get(self, name: str, version: str) -> Model | None:
        """One version. The version may be an alias or a stage where the registry has them."""

    def register(self, model: NewModel) -> Model:
        """As the next version; the same key again is the same version."""

    def tag(self, model: Model, tags: Mapping[str, str]) -> None:
        """Adds tags, or changes their values."""

    def download(self, model: Model, folder: Path) -> Path:
        """The model's file or folder, below an empty folder."""

    def metrics(self, run: str) -> tuple[Metric, ...]:
        """What a run and its children have logged, the run's own first. Raises UserError where there is no such run."""

    def output(self, run: str, path: str, folder: Path) -> Path:
        """A file or folder that a run has left, downloaded below an empty folder.

        Raises UserError, with the names that there are, where there is none of that path.
        """

    def run_page(self, run: str) -> str:
        """Where people look at a run; empty where nowhere."""

    def close(self) -> None: ...
