"""What RegisterModel was asked to do, from a task's inputs or a command line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amltasks.commands.places import platform_of
from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.models.champion import parse_champion
from amltasks.models.content import content_hash
from amltasks.models.gate import Verdict
from amltasks.models.lineage import LONGEST_NAME, LONGEST_VALUE
from amltasks.models.registration import Gate, WhenNotBetter
from amltasks.models.rules import read_rules
from amltasks.notebooks.core_yaml import load_yaml
from amltasks.notebooks.files import read_file
from amltasks.notebooks.parameters import parse_parameters
from amltasks.quoting import listed, nearest, quoted
from amltasks.requests import Platform, parse_choices

_FILE = re.compile(r"[^\n]+\.(?:ya?ml|json)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_KINDS = ("custom", "mlflow", "triton")
_MOST_BYTES = 1 << 20


class RegisterModelRequest(Data):
    """root: the repository's folder. path: of the model, from `run`'s outputs, `results`' notebook or the root.

    runs: ids; of several, the one that has left the path. results: of a step that ran notebooks, None without one.
    expected_hash: empty where only the notebook may say it. refuse_tracked: pickles checked in to git.
    data: name → version, or path and hash. environment: `path@sha256:…`, empty where no file was named.
    """

    root: Path
    platform: Platform = Platform.AGENT
    name: str
    path: str
    runs: tuple[str, ...] = ()
    results: Path | None = None
    notebook: str = ""
    kind: str = "custom"
    description: str = ""
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    framework: str = ""
    framework_version: str = ""
    expected_hash: str = ""
    refuse_tracked: bool = False
    gate: Gate = Gate()
    metrics_file: str = ""
    data: dict[str, str] = {}
    environment: str = ""

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, str], root: Path) -> RegisterModelRequest:
        """inputs: text, empty or missing where nothing was entered. Raises UserError, naming the input."""
        given = {name: value.strip() for name, value in inputs.items()}

        def text(name: str, default: str = "") -> str:
            return given.get(name) or default

        root = root.absolute()
        platform = platform_of(text("platform"))
        runs, results = _sources(text("run"), text("results"), platform, root)
        if text("notebook") and results is None:
            raise UserError("notebook: it is looked for in results: name the step's results, `$(step.ResultsFile)`.")
        return cls(
            root=root,
            platform=platform,
            name=_model_name(text("modelName")),
            path=_required(text("path"), "path: say which file or folder the model is."),
            runs=runs,
            results=results,
            notebook=text("notebook"),
            kind=_choice(text("modelType", "custom"), _KINDS, "modelType"),
            description=text("description"),
            tags=_pairs(text("tags"), "tags"),
            properties=_pairs(text("properties"), "properties"),
            framework=text("framework"),
            framework_version=text("frameworkVersion"),
            expected_hash=_hash(text("expectedHash")),
            refuse_tracked=_choice(text("trackedPickles", "warn"), ("warn", "fail"), "trackedPickles") == "fail",
            gate=Gate(
                rules=read_rules(_rules(text("metrics"), root)),
                champion=parse_champion(text("champion")),
                accept=parse_choices(text("accept", "first,better"), Verdict, "accept"),
                when_not_better=WhenNotBetter(
                    _choice(text("whenNotBetter", "skip"), [each.value for each in WhenNotBetter], "whenNotBetter")
                ),
                override=" ".join(text("override").split()),
            ),
            metrics_file=text("metricsFile"),
            data={name: _version_of(value, root) for name, value in _pairs(text("data"), "data").items()},
            environment=_environment(text("environmentFile"), root),
        )


def _sources(run: str, results: str, platform: Platform, root: Path) -> tuple[tuple[str, ...], Path | None]:
    """On this machine a run is what notebooks have left, so that the same step does on every platform."""
    runs = tuple(name for name in re.split(r"[\s,]+", run) if name)
    for name, value in (("run", run), ("results", results)):
        if re.fullmatch(r"\$\([\w.\- ]+\)", value):
            raise UserError(f"{name}: {quoted(value)} is no variable of this job: give the step before a `name`.")
    if platform is not Platform.AGENT:
        return runs, root / results if results else None
    if results or not run:
        return (), root / results if results else None
    return (), root / run


def _model_name(text: str) -> str:
    if not _NAME.fullmatch(_required(text, "modelName: say what the model is called.")):
        raise UserError(
            f"modelName: {quoted(text)} cannot be used: letters, digits, dots, - and _, at most 255, no sign at first."
        )
    return text


def _required(text: str, sentence: str) -> str:
    if not text:
        raise UserError(sentence)
    return text


def _choice(text: str, words: list[str] | tuple[str, ...], name: str) -> str:
    if text.lower() not in words:
        raise UserError(f"{name}: {quoted(text)} is none{nearest(text, words)}: there are {listed(words)}.")
    return text.lower()


def _hash(text: str) -> str:
    if text and not re.fullmatch(r"(?:sha256:)?[0-9a-f]{64}", text.lower()):
        raise UserError(f"expectedHash: {quoted(text)} is no SHA-256, which has 64 digits from 0 to f.")
    return text


def _rules(text: str, root: Path) -> Any:
    """Written in the input, or in a file that it names; there under `metrics:` or alone."""
    if _FILE.fullmatch(text):
        try:
            content = read_file(root / text, _MOST_BYTES, root)
        except UserError as error:
            raise UserError(f"metrics: {error}") from None
        value = load_yaml(content.decode("utf-8-sig", "replace"), f"metrics: {text}")
    else:
        value = load_yaml(text, "metrics")
    return value["metrics"] if isinstance(value, dict) and set(value) == {"metrics"} else value


def _pairs(text: str, name: str) -> dict[str, str]:
    found = {key: _as_text(value, f"{name}: {key}") for key, value in parse_parameters(text, name).items()}
    for key, value in found.items():
        if len(key) > LONGEST_NAME or len(value) > LONGEST_VALUE:
            raise UserError(
                f"{name}: {quoted(key)} is too long: names have {LONGEST_NAME} characters, values {LONGEST_VALUE}."
            )
    return found


def _as_text(value: Any, where: str) -> str:
    if isinstance(value, (dict, list)):
        raise UserError(f"{where}: write a text or a number.")
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _version_of(value: str, root: Path) -> str:
    """Of data: as it was given, with the content's hash where it is a path of the repository."""
    path = root / value
    return f"{value}@sha256:{content_hash(path)[:16]}" if value and path.exists() else value


def _environment(path: str, root: Path) -> str:
    if path and not (root / path).is_file():
        raise UserError(f"environmentFile: {quoted(path)} is no file of the repository.")
    return f"{path}@sha256:{content_hash(root / path)}" if path else ""
