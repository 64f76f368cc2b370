"""Settings that stand in the repository, for single notebooks.

    train.run.yml       beside train.ipynb (train.ipynb.run.yml does, too): settings of this one notebook
    notebooks.yml       in the repository's root: settings for paths and patterns, a later entry over an earlier one
    release.json        in the notebook's folder or above: see `release_json`

The nearer to the notebook, the stronger: release.json < notebooks.yml < run.yml, and all of them are stronger than the
task's inputs, which are for all notebooks alike. Parameters are the exception: what the inputs `parameters`,
`parametersFile` and `parameterSets` say wins, since it is what a pipeline varies from run to run. `parameters` of
several sources are merged by name, `files`, `requirements` and `variables` are added up.

Paths in a settings file start from the folder of that file. `notebooks.schema.json` is the format for editors.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel

from amltasks.data import Data
from amltasks.durations import parse_duration
from amltasks.errors import UserError
from amltasks.limits import parse_count, parse_memory_limit, parse_open_files_limit
from amltasks.notebooks.core_yaml import load_yaml_with_lines
from amltasks.notebooks.files import read_file, resolved
from amltasks.notebooks.parameters import ParameterSet, as_parameter_sets
from amltasks.notebooks.release_json import ReleaseEntry, read_release_entry
from amltasks.notebooks.selection import is_pattern, matches
from amltasks.quoting import nearest, quoted
from amltasks.report.model import Outcome
from amltasks.sizes import parse_size

REPOSITORY_FILE = "notebooks.yml"
SIDECAR_SUFFIX = ".run.yml"
SCHEMA_ID = "https://json-schema.org/draft/2020-12/schema"
MAX_FILE_BYTES = 1024 * 1024
_NO_MAPPING = ("dict_type", "model_type", "model_attributes_type")  # as pydantic says it


def _read_by(parse: Callable[[str, str], object]) -> BeforeValidator:
    """Has a value, which may be a number, checked by the function that reads it as text."""

    def check(value: Any) -> Any:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str):
            try:
                parse(value, "")
            except UserError as error:
                raise ValueError(str(error).removeprefix(": ")) from None
        return value

    return BeforeValidator(check)


def _requirement(value: str) -> str:
    from packaging.requirements import InvalidRequirement, Requirement  # here: most repositories have none

    try:
        return str(Requirement(value))
    except InvalidRequirement as error:
        raise ValueError(f"{quoted(value)} is not a pip requirement: {str(error).splitlines()[0]}") from None


def _expectable(value: Outcome) -> Outcome:
    if value in (Outcome.CANCELLED, Outcome.NOT_RUN):
        raise ValueError(f"{value.value} is nothing to expect of a notebook")
    return value


Duration = Annotated[
    str,
    _read_by(parse_duration),
    WithJsonSchema({"type": ["string", "number"], "examples": ["20 min", "90s", "1h 30m", "none", 300]}),
]
_SIZE = WithJsonSchema({"type": "string", "examples": ["2 GB", "512 MiB", "none"]})
_NUMBER = WithJsonSchema({"type": ["string", "integer"], "examples": [50, "none"]})
# setting → the member of Limits that it sets, and what reads it
_LIMITS: dict[str, tuple[str, Callable[[str, str], int | None]]] = {
    "memory_limit": ("memory", parse_memory_limit),
    "process_limit": ("processes", parse_count),
    "open_files_limit": ("open_files", parse_open_files_limit),
    "output_limit": ("output", parse_size),
}


class NotebookSettings(Data):
    """What a settings file says of a notebook; None where it says nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=False)

    timeout: Duration | None = Field(
        None, description="Bound for the whole notebook: 30 min, 90s, 300 (seconds), none."
    )
    cell_timeout: Duration | None = Field(None, description="Bound for each cell.")
    memory_limit: Annotated[str, _read_by(parse_memory_limit), _SIZE] | None = Field(
        None, description="Memory of the notebook and all that it starts: 2 GB, 512 MiB, none."
    )
    process_limit: Annotated[str, _read_by(parse_count), _NUMBER] | None = Field(
        None, description="Processes of the notebook that live at the same time."
    )
    open_files_limit: Annotated[str, _read_by(parse_open_files_limit), _NUMBER] | None = Field(
        None, description="Files that each of its processes may have open."
    )
    output_limit: Annotated[str, _read_by(parse_size), _SIZE] | None = Field(
        None, description="What is kept of a cell's output."
    )
    parameters: dict[str, Any] = Field({}, description="Values for the cell tagged parameters.")
    parameter_sets: list[dict[str, Any]] | None = Field(
        None, description="One run for each set; `name` in a set names it."
    )
    files: tuple[str, ...] = Field(
        (), description="Files and folders that the notebook needs: they have to be there, and `reuse` looks at them."
    )
    requirements: tuple[Annotated[str, AfterValidator(_requirement)], ...] = Field(
        (), description="pip requirements that have to be installed in the kernel's interpreter."
    )
    kernel: str | None = Field(None, description="Name of an installed Jupyter kernel.")
    python: str | None = Field(None, description="Interpreter for a Python kernel: a path, or a name on PATH.")
    working_directory: str | None = Field(None, description="Folder in which the notebook runs.")
    owner: str | None = Field(None, description="Who is responsible; shown with the result.")
    expected_outcome: Annotated[Outcome, AfterValidator(_expectable)] | None = Field(
        None, description="The outcome that counts as success; passed where nothing is said."
    )
    reuse: Literal["never", "whenUnchanged"] | None = Field(
        None, description="Whether the result of an earlier run may stand for a run, where nothing has changed since."
    )
    variables: tuple[str, ...] = Field((), description="Environment variables that the results depend on, for `reuse`.")


class NotebooksFile(Data):
    """notebooks.yml: settings by path or pattern; of the entries that match a notebook, later ones are stronger."""

    model_config = NotebookSettings.model_config

    notebooks: dict[str, NotebookSettings]


class Settings(Data):
    """All that the repository says of one notebook, merged; paths absolute, seconds, None for no bound.

    said: the names of those settings that some file gives, as a bound of None could also mean that none does.
    limits: those members of `Limits` that some file gives.
    """

    said: frozenset[str] = frozenset()
    timeout: float | None = None
    cell_timeout: float | None = None
    limits: dict[str, int | None] = {}
    parameters: dict[str, Any] = {}
    parameter_sets: tuple[ParameterSet, ...] = ()
    files: tuple[Path, ...] = ()
    requirements: tuple[str, ...] = ()
    kernel: str = ""
    python: str = ""
    working_directory: Path | None = None
    owner: str = ""
    expected_outcome: Outcome = Outcome.PASSED
    reuse: bool | None = None
    variables: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class RepositorySettings:
    """The settings files of a repository; notebooks.yml is read at once, the others when a notebook is asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._entries: dict[str, NotebookSettings] = {}
        path = root / REPOSITORY_FILE
        if _is_there(path):
            file, lines = _read(path, root, NotebooksFile)
            self._entries = file.notebooks
            for pattern in self._entries:
                if not is_pattern(pattern) and not (root / pattern).exists():
                    line = lines.get(("notebooks", pattern), 1)
                    raise UserError(f"{REPOSITORY_FILE}: line {line}: {quoted(pattern)} does not exist.")

    def of(self, notebook: Path) -> Settings:
        """What applies to the notebook, a path that begins with the root. Raises UserError, naming file and line."""
        release = read_release_entry(notebook, self._root)
        merged = Settings()
        if release is not None and release.scripts:
            merged = Settings(notes=(f"{release.where} names {release.scripts}: such scripts are not run.",))
        for where, settings, folder in self._sources(notebook, release):
            merged = self._stronger(merged, where, settings, folder)
        return merged

    def _sources(self, notebook: Path, release: ReleaseEntry | None) -> Iterator[tuple[str, NotebookSettings, Path]]:
        """(name, settings, folder that its paths start from), the weakest first."""
        if release is not None:
            known = NotebookSettings.model_validate(
                {"cellTimeout": release.cell_timeout, "files": release.files, "requirements": release.requirements}
            )
            yield release.where, known, notebook.parent
        name = notebook.relative_to(self._root).as_posix()
        for pattern, settings in self._entries.items():
            if matches(pattern, name):
                yield REPOSITORY_FILE, settings, self._root
        sidecars = [
            path
            for path in (notebook.with_suffix(SIDECAR_SUFFIX), notebook.with_name(notebook.name + SIDECAR_SUFFIX))
            if _is_there(path)
        ]
        if len(sidecars) > 1:
            raise UserError(f"{quoted(sidecars[0].name)} and {quoted(sidecars[1].name)} both exist: keep one of them.")
        for path in sidecars:
            yield path.name, _read(path, self._root, NotebookSettings)[0], notebook.parent

    def _stronger(self, weaker: Settings, where: str, settings: NotebookSettings, folder: Path) -> Settings:
        said = {name for name in settings.model_fields_set if getattr(settings, name) is not None}
        update: dict[str, Any] = {"said": weaker.said | said}
        for bound in ("timeout", "cell_timeout"):
            if bound in said:
                update[bound] = parse_duration(getattr(settings, bound), f"{where}: {to_camel(bound)}")
        limits = {
            _LIMITS[name][0]: _LIMITS[name][1](getattr(settings, name), to_camel(name))
            for name in said & _LIMITS.keys()
        }
        update["limits"] = {**weaker.limits, **limits}
        update.update({name: getattr(settings, name) for name in said & {"kernel", "owner", "expected_outcome"}})
        if settings.python is not None:
            is_path = "/" in settings.python or "\\" in settings.python
            update["python"] = str(folder / settings.python) if is_path else settings.python
        if settings.working_directory is not None:
            update["working_directory"] = self._existing(folder, settings.working_directory, where)
        if settings.parameter_sets is not None:
            update["parameter_sets"] = as_parameter_sets(settings.parameter_sets, f"{where}: parameterSets")
        files = (self._existing(folder, file, where) for file in settings.files)
        update["files"] = tuple(dict.fromkeys((*weaker.files, *files)))
        if settings.reuse is not None:
            update["reuse"] = settings.reuse == "whenUnchanged"
        update["variables"] = (*weaker.variables, *settings.variables)
        update["parameters"] = {**weaker.parameters, **settings.parameters}
        update["requirements"] = (*weaker.requirements, *settings.requirements)
        return weaker.model_copy(update=update)

    def _existing(self, folder: Path, path: str, where: str) -> Path:
        try:
            return resolved(folder / path, self._root)
        except UserError as error:
            raise UserError(f"{where}: {quoted(path)}, which the notebook needs: {error}") from None


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()  # a link that leads nowhere is a fault, not the absence of settings


def settings_schema() -> dict[str, Any]:
    """The JSON schema of notebooks.yml; that of a run.yml is its `$defs/NotebookSettings`."""
    schema = NotebooksFile.model_json_schema(by_alias=True)
    return {"$schema": SCHEMA_ID, **schema, "title": "Settings of notebooks (notebooks.yml)"}


def _read(path: Path, root: Path, model: type[Any]) -> tuple[Any, Mapping[tuple[str | int, ...], int]]:
    name = path.name
    try:
        text = read_file(path, MAX_FILE_BYTES, root).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{quoted(name)} is not UTF-8 (byte {error.start}): save it as UTF-8.") from None
    value, lines = load_yaml_with_lines(text, name)
    try:
        return model.model_validate({} if value is None else value, strict=False), lines
    except ValidationError as error:
        # A misspelt name is a better answer than the required one that is missing in its place.
        faults = sorted(error.errors(), key=lambda fault: fault["type"] == "missing")
        raise UserError(_fault(name, faults[0], lines)) from None


def _fault(name: str, fault: Mapping[str, Any], lines: Mapping[tuple[str | int, ...], int]) -> str:
    place: Sequence[str | int] = fault["loc"]
    line = next(lines[tuple(place[:end])] for end in range(len(place), -1, -1) if tuple(place[:end]) in lines)
    where = f"{name}: line {line}: "
    if fault["type"] == "extra_forbidden":
        names = [field.alias or "" for field in NotebookSettings.model_fields.values()]
        known = ["notebooks"] if name == REPOSITORY_FILE and len(place) == 1 else names
        hint = nearest(str(place[-1]), known) or f"; there are {', '.join(known)}"
        return f"{where}{quoted(place[-1])} is not a setting{hint}."
    shown = ".".join(str(step) for step in place)
    if fault["type"] in _NO_MAPPING:
        return f"{where}{quoted(shown) if shown else 'the file'} has to be a mapping, with lines like `name: value`."
    problem = str(fault["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{where}{quoted(shown)}: {problem}." if shown else f"{where}{problem}."


if __name__ == "__main__":  # python -m amltasks.notebooks.settings > src/amltasks/notebooks/notebooks.schema.json
    sys.stdout.write(json.dumps(settings_schema(), indent=2) + "\n")
