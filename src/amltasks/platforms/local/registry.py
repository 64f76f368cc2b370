"""Models in a folder, for a machine on its own: whole versions or none, whoever is killed or registers at once.

    models/NAME/1/model.json      what was said when it was registered
    models/NAME/1/tags/…          one file a tag, so that two processes that add some do not lose each other's
    models/NAME/1/content/…       the model's file or folder

A version is made beside the others and moved to the next free number, which succeeds for one process only. Runs are
what notebooks have left: a folder of results, or `FOLDER#RUN-ID` for one notebook of it; scraps are its metrics.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

from pydantic import ValidationError

from amltasks.data import Data
from amltasks.errors import ServiceError, UserError
from amltasks.platforms.registry import KEY, Metric, Model, NewModel
from amltasks.quoting import listed, quoted
from amltasks.report.files import write_whole
from amltasks.report.model import NotebookResult
from amltasks.report.results_file import read_results

STAGE, ALIAS = "stage", "alias"  # tags; an alias may be several, separated by commas
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_ABANDONED_SECONDS = 24 * 3600.0  # after which a version that is being made will not be finished


class _Tag(Data):
    name: str
    value: str


class LocalRegistry:
    """folder: need not exist before something is registered."""

    def __init__(self, folder: Path) -> None:
        self._models = folder / "models"

    def open(self) -> None:
        if self._models.exists() and not self._models.is_dir():
            raise UserError(f"localFolder: {quoted(self._models)} is a file: name a folder.")

    def versions(self, name: str, tags: Mapping[str, str] = {}) -> Iterator[Model]:
        for each in [name] if name else self._names():
            for number in sorted(self._numbers(each), reverse=True):
                model = self._read(each, str(number))
                if model and all(key in model.tags and value in ("", model.tags[key]) for key, value in tags.items()):
                    yield model

    def get(self, name: str, version: str) -> Model | None:
        if _VERSION.fullmatch(version):
            return self._read(name, version)
        wanted = version.casefold()
        for model in self.versions(name):
            aliases = {alias.strip().casefold() for alias in model.tags.get(ALIAS, "").split(",")}
            if version and wanted in {model.stage.casefold(), *aliases}:
                return model
        return None

    def register(self, model: NewModel) -> Model:
        folder = self._folder(model.name)
        registered = self._of_key(model)
        if registered is not None:
            return registered
        making = folder / f".{uuid.uuid4().hex}.part"
        try:
            self._make(model, making)
            version = self._move(making, folder)
        except OSError as error:
            raise ServiceError(f"{model.name} cannot be written to {folder}: {error.strerror or error}.") from error
        finally:
            shutil.rmtree(making, ignore_errors=True)
            self._tidy(folder)
        first = self._of_key(model)  # another process may have been as quick
        if first is not None and first.version != version:
            (folder / version).rename(making)
            shutil.rmtree(making, ignore_errors=True)
            return first
        made = self._read(model.name, version)
        assert made is not None
        return made

    def tag(self, model: Model, tags: Mapping[str, str]) -> None:
        folder = self._folder(model.name) / model.version / "tags"
        try:
            for name, value in tags.items():
                _write_tag(folder, name, value)
        except OSError as error:
            raise ServiceError(f"{model.id} cannot be tagged: {error.strerror or error}.") from error

    def download(self, model: Model, folder: Path) -> Path:
        (content,) = (self._folder(model.name) / model.version / "content").iterdir()
        return _copied(content, folder)

    def metrics(self, run: str) -> tuple[Metric, ...]:
        place, results = _results(run)
        return tuple(
            Metric(name=name, value=float(value), run=f"{place}#{result.run_id}")
            for result in results
            for name, value in result.scraps.items()
            if isinstance(value, (int, float)) and not isinstance(value, bool)
        )

    def output(self, run: str, path: str, folder: Path) -> Path:
        _, results = _results(run)
        folders = [result.folder for result in results if result.folder is not None]
        for each in folders:
            found = each / path
            if found.exists() and each.resolve() in found.resolve().parents:
                return _copied(found, folder)
        there = sorted({each.name for one in folders if one.is_dir() for each in one.iterdir()})
        raise UserError(f"{quoted(path)} is not among what {run} has left: there are {listed(there) or 'no files'}.")

    def run_page(self, run: str) -> str:
        return ""

    def close(self) -> None: ...

    def _names(self) -> list[str]:
        if not self._models.is_dir():
            return []
        return sorted(each.name for each in self._models.iterdir() if _NAME.fullmatch(each.name))

    def _folder(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise UserError(
                f"A model cannot be called {quoted(name)}: use letters, digits, dots, - and _, at most 255."
            )
        return self._models / name

    def _numbers(self, name: str) -> list[int]:
        folder = self._folder(name)
        there = [each.name for each in folder.iterdir()] if folder.is_dir() else []
        return [int(number) for number in there if _VERSION.fullmatch(number)]

    def _read(self, name: str, version: str) -> Model | None:
        folder = self._folder(name) / version
        try:
            model = Model.model_validate_json((folder / "model.json").read_bytes())
            read = [_Tag.model_validate_json(file.read_bytes()) for file in (folder / "tags").glob("*.json")]
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise ServiceError(f"{folder} is damaged: remove it, or bring it back ({error}).") from error
        tags = {tag.name: tag.value for tag in read}
        return model.model_copy(update={"version": version, "tags": tags, "stage": tags.get(STAGE, "")})

    def _of_key(self, model: NewModel) -> Model | None:
        """The oldest version of this step's key."""
        return min(self.versions(model.name, {KEY: model.key}), key=lambda each: int(each.version), default=None)

    def _make(self, model: NewModel, folder: Path) -> None:
        (folder / "content").mkdir(parents=True)
        (folder / "tags").mkdir()
        _copied(model.path, folder / "content")
        for name, value in {**model.tags, KEY: model.key}.items():
            _write_tag(folder / "tags", name, value)
        said = Model(
            name=model.name,
            version="",
            description=model.description,
            properties=model.properties,
            framework=" ".join(filter(None, (model.framework, model.framework_version))),
            run=model.run,
            created_at=datetime.now(timezone.utc),
        )
        write_whole(folder / "model.json", said.model_dump_json(by_alias=True, indent=2) + "\n")

    def _move(self, made: Path, folder: Path) -> str:
        """To the next free number. One that another process takes in between is not empty, and refuses."""
        while True:
            version = str(max(self._numbers(folder.name), default=0) + 1)
            try:
                made.rename(folder / version)
            except OSError:
                if not (folder / version).exists():
                    raise
            else:
                return version

    def _tidy(self, folder: Path) -> None:
        """Takes away what was never finished."""
        for part in folder.glob(".*.part"):
            with contextlib.suppress(FileNotFoundError):
                if part.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
                    shutil.rmtree(part, ignore_errors=True)


def _write_tag(folder: Path, name: str, value: str) -> None:
    file = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:20]}.json"
    write_whole(file, json.dumps({"name": name, "value": value}, ensure_ascii=False))


def _copied(source: Path, folder: Path) -> Path:
    target = folder / source.name
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    return target


def _results(run: str) -> tuple[str, list[NotebookResult]]:
    """Where a run's results are, and those it means. Raises UserError where there is no such run."""
    place, _, run_id = run.partition("#")
    if not Path(place).is_absolute() or not Path(place).exists():
        raise UserError(f"run: there is no {quoted(run)} on this machine: name the folder of results of notebooks.")
    results = [result for result in read_results(Path(place)).results if run_id in ("", result.run_id)]
    if not results:
        raise UserError(f"run: no notebook in {quoted(place)} has the id {quoted(run_id)}.")
    return place, results
