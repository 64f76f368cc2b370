"""What a deployment was asked to be: typed and checked, whether it came from a task's inputs or a command line."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TypeVar

from amltasks.commands.places import Kind, platform_of
from amltasks.data import Data
from amltasks.durations import parse_duration
from amltasks.endpoints.rolling import Plan
from amltasks.endpoints.rollout import Strategy, parse_steps
from amltasks.endpoints.rules import Rules, parse_rules
from amltasks.endpoints.settings import Settings, settings_of
from amltasks.endpoints.smoke.cases import Case
from amltasks.endpoints.smoke.reading import read_cases
from amltasks.errors import UserError
from amltasks.quoting import listed, nearest, quoted
from amltasks.requests import Platform, parse_yes_or_no

READY_TIMEOUT = 300.0
_BAKE = {Strategy.CANARY: 60.0, Strategy.BLUE_GREEN: 0.0, Strategy.REPLACE: 0.0}
_MOST_MIRRORED = 50

_Choice = TypeVar("_Choice", bound=Enum)


class Target(str, Enum):
    """By the tasks' names."""

    ACI = "DeployToACI"
    AKS = "DeployToAKS"
    ONLINE_ENDPOINT = "DeployToOnlineEndpoint"


class OnCancel(str, Enum):
    """keep: the requests stay shared as they are, for the next run to go on. rollback: they go back at once."""

    KEEP = "keep"
    ROLLBACK = "rollback"


_DEFAULT_PLATFORM = {
    Target.ACI: Platform.AZUREML_V1,
    Target.AKS: Platform.AZUREML_V1,
    Target.ONLINE_ENDPOINT: Platform.AZUREML,
}
_DEFAULT_STRATEGY = {
    Target.ACI: Strategy.REPLACE,
    Target.AKS: Strategy.REPLACE,
    Target.ONLINE_ENDPOINT: Strategy.BLUE_GREEN,
}
_KINDS = {
    (Target.ACI, Platform.AZUREML_V1): Kind.ACI,
    (Target.AKS, Platform.AZUREML_V1): Kind.AKS,
    (Target.AKS, Platform.AZUREML): Kind.KUBERNETES,
    (Target.ONLINE_ENDPOINT, Platform.AZUREML): Kind.MANAGED,
}
_NO_SUCH = {
    Target.ACI: "the SDK v2 has no container instances: take DeployToOnlineEndpoint, whose managed endpoints are what "
    "became of them, or platform: azureml-v1.",
    Target.ONLINE_ENDPOINT: "the SDK v1 has no online endpoints: take platform: azureml, or DeployToAKS or DeployToACI "
    "with the SDK v1.",
}
_COMPUTE_TYPE = {Target.ACI: "ACI", Target.AKS: "AKS", Target.ONLINE_ENDPOINT: ""}


class DeployRequest(Data):
    """models: as they were named; none where `metadata` tells. metadata: a file or folder, None to look for one.

    bake, ready_timeout: seconds. overwrite: what has the endpoint's name is deleted first.
    """

    target: Target
    platform: Platform
    kind: Kind
    models: tuple[str, ...] = ()
    metadata: Path | None = None
    settings: Settings
    plan: Plan
    rules: Rules
    cases: tuple[Case, ...] = ()
    precheck: bool = True
    bake: float = 0.0
    ready_timeout: float = READY_TIMEOUT
    overwrite: bool = False
    on_cancel: OnCancel = OnCancel.KEEP

    @classmethod
    def from_inputs(cls, target: Target, inputs: Mapping[str, str], root: Path, work: Path) -> DeployRequest:
        """work: a folder for files that are made. Raises UserError, naming the input."""
        given = {name: value.strip() for name, value in inputs.items()}

        def text(name: str, default: str = "") -> str:
            return given.get(name) or default

        platform = platform_of(text("platform"), _DEFAULT_PLATFORM[target])
        strategy = _choice(text("strategy", _DEFAULT_STRATEGY[target].value), Strategy, "strategy")
        if strategy is Strategy.REPLACE and text("steps"):
            raise UserError("steps: are for strategy blueGreen or canary; with replace there is only one.")
        cases = read_cases(text("tests"), root, "tests") if text("tests") else ()
        if text("rules") and not cases:
            raise UserError("rules: are held against the answers to requests: name some in tests.")
        return cls(
            target=target,
            platform=platform,
            kind=kind_of(target, platform),
            models=tuple(text("model").replace(",", " ").split()),
            metadata=root / text("modelMetadata") if text("modelMetadata") else None,
            settings=settings_of(given, root, work, _COMPUTE_TYPE[target]),
            plan=Plan(
                strategy=strategy,
                steps=parse_steps(text("steps"), strategy),
                keep=parse_yes_or_no(text("keepPrevious", "false"), "keepPrevious"),
                mirror=_mirror(text("mirror", "0")),
                name=text("deployment"),
            ),
            rules=parse_rules(text("rules")),
            cases=cases,
            precheck=parse_yes_or_no(text("precheck", "true"), "precheck"),
            bake=_seconds(text("bakeTime"), _BAKE[strategy], "bakeTime"),
            ready_timeout=_seconds(text("readyTimeout"), READY_TIMEOUT, "readyTimeout"),
            overwrite=parse_yes_or_no(text("overwrite", "false"), "overwrite"),
            on_cancel=_choice(text("onCancel", "keep"), OnCancel, "onCancel"),
        )


def kind_of(target: Target, platform: Platform) -> Kind:
    """What serves. Raises UserError where the platform has no such thing: never is another one taken."""
    if platform is Platform.AGENT:
        return Kind.LOCAL
    kind = _KINDS.get((target, platform))
    if kind is None:
        raise UserError(f"platform: {target.value} cannot be done on {platform.value}: {_NO_SUCH[target]}")
    return kind


def _choice(text: str, choices: type[_Choice], name: str) -> _Choice:
    for choice in choices:
        if str(choice.value).lower() == text.lower():
            return choice
    known = [str(choice.value) for choice in choices]
    raise UserError(f"{name}: {quoted(text)} is none{nearest(text, known)}: there are {listed(known)}.")


def _seconds(text: str, default: float, name: str) -> float:
    return (parse_duration(text, name) or 0.0) if text else default


def _mirror(text: str) -> int:
    number = text.removesuffix("%").strip()
    if not number.isascii() or not number.isdecimal() or int(number) > _MOST_MIRRORED:
        raise UserError(f"mirror: {quoted(text)} is not a whole percentage from 0 to {_MOST_MIRRORED}.")
    return int(number)
