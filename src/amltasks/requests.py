"""What a command was asked to do: typed and checked, whether it came from a task's inputs or a command line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field

from amltasks.cores import available_cores
from amltasks.data import Data
from amltasks.durations import parse_duration
from amltasks.errors import UserError
from amltasks.limits import Limits, parse_count, parse_memory_limit, parse_open_files_limit
from amltasks.notebooks.parameters import (
    ParameterSet,
    parse_parameter_sets,
    parse_parameters,
    parse_secret_parameters,
    read_parameters,
)
from amltasks.quoting import listed, nearest, quoted
from amltasks.report.model import ArtefactKind
from amltasks.sizes import parse_size

DEFAULT_CELL_TIMEOUT = 1200.0
MOST_PARALLEL = 256

_Choice = TypeVar("_Choice", bound=Enum)


class Target(str, Enum):
    """Where a report can be published."""

    TEST_RESULTS = "testResults"
    TAB = "tab"
    SUMMARY = "summary"
    JUNIT = "junit"


class Platform(str, Enum):
    """Where notebooks run."""

    AGENT = "agent"
    AZUREML = "azureml"
    AZUREML_V1 = "azureml-v1"


class PullRequestComment(str, Enum):
    """When a step begins to comment on the pull request that is built; once begun, a comment is kept up to date."""

    NEVER = "never"
    ON_FAILURE = "onFailure"
    ALWAYS = "always"


class FailOn(Data):
    """When failed notebooks fail the command. share: 0 to 1, the notebooks that may fail; None for any number."""

    share: float | None = 0.0

    def fails(self, failed: int, total: int) -> bool:
        """Whether `failed` of `total` notebooks are too many."""
        return self.share is not None and failed > self.share * total


class RunNotebooksRequest(Data):
    """Run notebooks.

    root: the repository's folder, which all paths of users start from. notebooks: lines, see `notebooks.selection`.
    parameters, parameter_sets: for every notebook. secret_parameters: environment variables of the kernels.
    python, kernel: empty for the defaults. working_directory: None for each notebook's own folder.
    cell_timeout, notebook_timeout, run_timeout: seconds, None for no bound. limits: of each notebook.
    max_memory: bytes that all notebooks together may take, None for what there is.
    fail_fast: start no more once so many have failed that the command fails.
    reuse: take an unchanged notebook's result from an earlier run, unless its own settings say otherwise.
    cache_folder: where things are kept for later runs; None where nothing is.
    output_folder: absolute; need not exist.
    pull_request_status: whether the step sets a status of the pull request that is built.
    """

    root: Path
    platform: Platform = Platform.AGENT
    notebooks: tuple[str, ...]
    parameters: dict[str, Any] = {}
    parameter_sets: tuple[ParameterSet, ...] = ()
    secret_parameters: dict[str, str] = Field(default={}, repr=False)
    python: str = ""
    kernel: str = ""
    working_directory: Path | None = None
    cell_timeout: float | None = DEFAULT_CELL_TIMEOUT
    notebook_timeout: float | None = None
    run_timeout: float | None = None
    limits: Limits = Limits()
    max_parallel: int
    max_memory: int | None = None
    fail_on: FailOn = FailOn()
    fail_fast: bool = False
    title: str = ""
    attach: frozenset[ArtefactKind] = frozenset(ArtefactKind)
    attach_for: Literal["all", "failed"] = "all"
    publish: frozenset[Target] = frozenset({Target.TEST_RESULTS, Target.TAB, Target.SUMMARY})
    output_folder: Path
    strict_secrets: bool = False
    reuse: bool = False
    cache_folder: Path | None = None
    pull_request_comment: PullRequestComment = PullRequestComment.NEVER
    pull_request_status: bool = False

    @classmethod
    def from_inputs(
        cls, inputs: Mapping[str, str], root: Path, default_output: Path, default_cache: Path | None = None
    ) -> RunNotebooksRequest:
        """From a task's inputs as the agent gives them: text, empty or missing where nothing was entered.

        default_output, default_cache: the folders where none is named. Raises UserError, naming the input.
        """
        given = {name: value.strip() for name, value in inputs.items()}

        def text(name: str, default: str = "") -> str:
            return given.get(name) or default

        if not text("notebooks"):
            raise UserError("notebooks: say which notebooks to run, for example **/*.ipynb.")
        root = root.absolute()
        platform = parse_platform(text("platform", "agent"))
        from_file = read_parameters(root / text("parametersFile"), root) if text("parametersFile") else {}
        return cls(
            root=root,
            platform=platform,
            notebooks=tuple(text("notebooks").split("\n")),
            parameters={**from_file, **parse_parameters(text("parameters"))},
            parameter_sets=parse_parameter_sets(text("parameterSets"), root),
            secret_parameters=parse_secret_parameters(text("secretParameters")),
            python=text("python"),
            kernel=text("kernel"),
            working_directory=_folder(root, text("workingDirectory"), "workingDirectory"),
            cell_timeout=parse_duration(text("cellTimeout", str(DEFAULT_CELL_TIMEOUT)), "cellTimeout"),
            notebook_timeout=parse_duration(text("notebookTimeout", "none"), "notebookTimeout"),
            run_timeout=parse_duration(text("runTimeout", "none"), "runTimeout"),
            limits=Limits(
                memory=parse_memory_limit(text("memoryLimit", "none"), "memoryLimit"),
                processes=parse_count(text("processLimit", "none"), "processLimit"),
                open_files=parse_open_files_limit(text("openFilesLimit", "none"), "openFilesLimit"),
                output=parse_size(text("outputLimit", "100 MB"), "outputLimit"),
            ),
            max_parallel=parse_max_parallel(text("maxParallel"), platform),
            max_memory=parse_size(text("maxMemory", "none"), "maxMemory"),
            fail_on=parse_fail_on(text("failOn", "any")),
            fail_fast=parse_yes_or_no(text("failFast", "false"), "failFast"),
            title=" ".join(text("testRunTitle").split()),
            attach=parse_choices(text("attach", "ipynb,html,log,images"), ArtefactKind, "attach"),
            attach_for="failed" if _is_second(text("attachFor", "all"), "attachFor", "all", "failed") else "all",
            publish=parse_choices(text("publish", "testResults,tab,summary"), Target, "publish"),
            output_folder=_new_folder(root, text("outputFolder"), "outputFolder") or default_output,
            strict_secrets=parse_yes_or_no(text("strictSecrets", "false"), "strictSecrets"),
            reuse=_is_second(text("reuse", "never"), "reuse", "never", "whenUnchanged"),
            cache_folder=_new_folder(root, text("cacheFolder"), "cacheFolder") or default_cache,
            pull_request_comment=parse_pull_request_comment(text("pullRequestComment", "never")),
            pull_request_status=parse_yes_or_no(text("pullRequestStatus", "false"), "pullRequestStatus"),
        )


def parse_fail_on(text: str) -> FailOn:
    """`any`, `none`, or the percentage of notebooks that may fail: `25%`, `25`."""
    word = text.strip().lower()
    if word in ("any", "none"):
        return FailOn(share=0.0 if word == "any" else None)
    percentage = re.fullmatch(r"(\d{1,3}(?:\.\d{1,6})?)\s*%?", word)
    if percentage is None or float(percentage[1]) > 100:
        raise UserError(f"failOn: {quoted(text)} is not any, none or a percentage from 0 to 100 such as 25%.")
    return FailOn(share=float(percentage[1]) / 100)


def parse_platform(text: str) -> Platform:
    known = {str(platform.value): platform for platform in Platform}
    if text.lower() not in known:
        raise UserError(f"platform: {quoted(text)} is none{nearest(text, known)}: there are {listed(list(known))}.")
    return known[text.lower()]


def parse_pull_request_comment(text: str) -> PullRequestComment:
    known = {choice.value.lower(): choice for choice in PullRequestComment}
    if text.lower() not in known:
        names = [choice.value for choice in PullRequestComment]
        raise UserError(f"pullRequestComment: {quoted(text)} is none{nearest(text, names)}: there are {listed(names)}.")
    return known[text.lower()]


def parse_max_parallel(text: str, platform: Platform = Platform.AGENT) -> int:
    """A whole number from 1; empty: the cores there are, and on Azure ML all at once, since a cluster has a queue."""
    if not text:
        return available_cores() if platform is Platform.AGENT else MOST_PARALLEL
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not 1 <= int(text) <= MOST_PARALLEL:
        raise UserError(f"maxParallel: {quoted(text)} is not a whole number from 1 to {MOST_PARALLEL}.")
    return int(text)


def parse_choices(text: str, choices: type[_Choice], name: str) -> frozenset[_Choice]:
    """Some of the choices, separated by commas or lines; `none`, alone, for none of them."""
    words = [word for word in re.split(r"[,;\s]+", text) if word]
    if [word.lower() for word in words] == ["none"]:
        return frozenset()
    by_word = {str(choice.value).lower(): choice for choice in choices}
    for word in words:
        if word.lower() not in by_word:
            known = [str(choice.value) for choice in choices]
            rest = "none stands alone" if word.lower() == "none" else f"there are {listed(known)}, or none"
            raise UserError(f"{name}: {quoted(word)} cannot be chosen{nearest(word, known)}: {rest}.")
    return frozenset(by_word[word.lower()] for word in words)


def _is_second(text: str, name: str, first: str, second: str) -> bool:
    """Which of two words was given."""
    if text.lower() not in (first.lower(), second.lower()):
        raise UserError(f"{name}: {quoted(text)} is neither {first} nor {second}.")
    return text.lower() == second.lower()


def parse_yes_or_no(text: str, name: str) -> bool:
    return not _is_second(text, name, "true", "false")


def _folder(root: Path, text: str, name: str) -> Path | None:
    if not text:
        return None
    folder = root / text
    if not folder.is_dir():
        raise UserError(f"{name}: {quoted(text)} is not a folder that exists.")
    return folder.resolve()


def _new_folder(root: Path, text: str, name: str) -> Path | None:
    if text and (root / text).is_file():
        raise UserError(f"{name}: {quoted(text)} is a file: name a folder, which need not exist.")
    return root / text if text else None
