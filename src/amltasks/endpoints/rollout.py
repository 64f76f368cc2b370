"""A rollout as a state machine: what has been done so far and how the endpoint stands in, the next move out. Pure.

What has been done so far is a tag of the endpoint, so that whoever comes after a death goes on from there. Every move
may be made twice: it is the endpoint itself that tells whether it was made. Shares are percent, and sum to 100 in all
that is ever asked for; to 0 where nothing is served yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import TypeAlias

from pydantic import ValidationError

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.platforms.endpoints import DeploymentSpec, Endpoint
from amltasks.quoting import quoted

TAG = "amltasks.rollout"
COLOURS = ("blue", "green")
NOTHING = -1  # no share has been passed, not even that of no requests
_LONGEST_TAG = 256  # of Azure's tags


class Strategy(str, Enum):
    """replace: the one deployment is changed in place. The others put the new one beside it, and need shares."""

    REPLACE = "replace"
    BLUE_GREEN = "blueGreen"
    CANARY = "canary"


class Phase(str, Enum):
    DEPLOYING = "deploying"
    SHIFTING = "shifting"
    FINISHING = "finishing"  # all requests are the new one's; what was before goes
    ROLLING_BACK = "rollingBack"


class Rollout(Data):
    """new: the deployment that comes. base: the shares before it came. passed: the last share that it has held.

    key: the same for the same model, code and settings. made: whether the endpoint came into being by this rollout.
    """

    key: str
    new: str
    base: dict[str, int] = {}
    made: bool = False
    phase: Phase = Phase.DEPLOYING
    passed: int = NOTHING

    def tag(self) -> str:
        """As the tag's value. Raises UserError where the names are too long for one."""
        text = self.model_dump_json(by_alias=True)
        if len(text) > _LONGEST_TAG:
            raise UserError(f"strategy: {len(self.base)} deployments share the requests: too many to come back to.")
        return text

    def moved(self, phase: Phase) -> Rollout:
        return self.model_copy(update={"phase": phase})

    def held(self, share: int) -> Rollout:
        return self.model_copy(update={"passed": share})


class Deploy(Data):
    name: str


class Route(Data):
    traffic: dict[str, int]
    mirror: dict[str, int] = {}


class Watch(Data):
    share: int


class Remove(Data):
    deployment: str


class RemoveEndpoint(Data):
    """It was made for a deployment that never came to serve."""


class End(Data):
    """deployed: whether the new one serves. share: what it has; below 100 where a later step gives it more."""

    deployed: bool
    share: int


Move: TypeAlias = Deploy | Route | Watch | Remove | RemoveEndpoint | End


def read_rollout(tags: Mapping[str, str]) -> Rollout | None:
    """The one that is under way. Raises UserError where the tag says nothing that this version understands."""
    text = tags.get(TAG, "")
    if not text:
        return None
    try:
        return Rollout.model_validate_json(text)
    except ValidationError:
        raise UserError(f"The endpoint's tag {TAG} is {quoted(text)}, which is no rollout: take it away.") from None


def begun(key: str, endpoint: Endpoint | None, name: str = "") -> Rollout:
    """name: of the new deployment, empty for the colour that is free. Raises UserError where it has requests."""
    base = endpoint.traffic if endpoint else {}
    if name in base:
        raise UserError(f"deployment: {quoted(name)} has {base[name]} % of the requests: name another, or none.")
    free = next(colour for colour in (*COLOURS, "third") if colour not in base)
    return Rollout(key=key, new=name or free, base=base, made=endpoint is None)


def resumed(rollout: Rollout, key: str, endpoint: Endpoint) -> Rollout:
    """What becomes of a rollout whose run has died.

    The same one goes on; another one that has not come to all requests is rolled back, and so is one that lost its
    deployment when it had requests.
    """
    if rollout.phase is Phase.FINISHING:
        return rollout
    deployment = endpoint.deployment(rollout.new)
    ready = deployment is not None and deployment.state == "ready"
    if rollout.key != key or (rollout.new in endpoint.traffic and not ready):
        return rollout.moved(Phase.ROLLING_BACK)
    if rollout.phase is Phase.SHIFTING and not ready:
        return rollout.moved(Phase.DEPLOYING).held(NOTHING)
    return rollout


def next_move(
    rollout: Rollout, endpoint: Endpoint, steps: tuple[int, ...], *, keep: bool = False, mirror: int = 0
) -> Move:
    """steps: shares that the new one is given, rising. keep: what was before, without requests.

    mirror: percent of the requests that are copied to the new one while it has none of its own.
    """
    if rollout.phase is Phase.DEPLOYING:
        return _deploying(rollout, endpoint)
    if rollout.phase is Phase.ROLLING_BACK:
        return _rolling_back(rollout, endpoint)
    if rollout.phase is Phase.FINISHING:
        left = [name for name in rollout.base if endpoint.deployment(name) and name != rollout.new]
        return Remove(deployment=left[0]) if left and not keep else End(deployed=True, share=100)
    share = next((step for step in steps_of(rollout, steps) if step > rollout.passed), None)
    if share is None:
        return End(deployed=True, share=rollout.passed)
    traffic = shares(rollout.base, rollout.new, share)
    copied = {rollout.new: mirror} if mirror and share == 0 and rollout.base else {}
    mirrored = {deployment.name: deployment.mirror for deployment in endpoint.deployments if deployment.mirror}
    if (endpoint.traffic, mirrored) != (traffic, copied):
        return Route(traffic=traffic, mirror=copied)
    return Watch(share=share)


def after(rollout: Rollout, move: Move, good: bool) -> Rollout:
    """good: whether what was deployed is ready, or what was watched is as it should be."""
    if isinstance(move, Deploy):
        return rollout.moved(Phase.SHIFTING if good else Phase.ROLLING_BACK)
    if isinstance(move, Watch):
        if not good:
            return rollout.moved(Phase.ROLLING_BACK)
        held = rollout.held(move.share)
        return held.moved(Phase.FINISHING) if move.share == 100 else held
    return rollout


def steps_of(rollout: Rollout, steps: tuple[int, ...]) -> tuple[int, ...]:
    """Of the rollout: first of all without requests. The first deployment ever has nobody to share with."""
    return tuple(sorted({0, *steps})) if rollout.base else (100,)


def shares(base: Mapping[str, int], new: str, share: int) -> dict[str, int]:
    """`share` for the new one, the rest as it was shared before; those without any are left out."""
    if not base:
        return {new: 100} if share else {}
    rest, total = 100 - share, sum(base.values())
    parts = {name: before * rest // total for name, before in base.items()}
    # What is lost by rounding goes to those that lost most of it.
    by_loss = sorted(base, key=lambda name: (base[name] * rest % total, name), reverse=True)
    for name in by_loss[: rest - sum(parts.values())]:
        parts[name] += 1
    return {name: part for name, part in {**parts, new: share}.items() if part}


def parse_steps(text: str, strategy: Strategy) -> tuple[int, ...]:
    """`0, 10, 50, 100`. Raises UserError, naming the input."""
    words = text.replace("%", " ").replace(",", " ").split()
    if not words:
        return (0, 10, 50, 100) if strategy is Strategy.CANARY else (0, 100)
    if not all(word.isascii() and word.isdecimal() and len(word) < 4 for word in words):
        raise UserError(f"steps: {quoted(text)} are no percentages: write for example 0, 10, 50, 100.")
    steps = tuple(int(word) for word in words)
    if list(steps) != sorted(set(steps)) or steps[-1] > 100:
        raise UserError(f"steps: {quoted(text)}: percentages rise, up to 100.")
    return steps


def key_of(spec: DeploymentSpec) -> str:
    """Of what is deployed: models, code, packages and settings; not of descriptions and tags, which name builds."""
    plain = spec.model_dump_json(exclude={"name", "models", "code", "environment", "description", "tags"})
    conda = spec.environment.conda
    digest = hashlib.sha256()
    for part in (plain, spec.environment.name, spec.environment.image, *(model.id for model in spec.models)):
        digest.update(f"{len(part)}:{part}".encode())
    for path in sorted(_files(spec.code)) + ([conda] if conda else []):
        name = path.relative_to(spec.code).as_posix() if path.is_relative_to(spec.code) else path.name
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return digest.hexdigest()[:16]


def _files(folder: Path) -> Iterable[Path]:
    """What runs leave, and what begins with a dot, is not code."""
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in parts):
            yield path


def _deploying(rollout: Rollout, endpoint: Endpoint) -> Move:
    """What is left of a try that failed goes first."""
    left = endpoint.deployment(rollout.new)
    return Remove(deployment=rollout.new) if left and left.state == "failed" else Deploy(name=rollout.new)


def _rolling_back(rollout: Rollout, endpoint: Endpoint) -> Move:
    there = endpoint.deployment(rollout.new)
    if rollout.made and {each.name for each in endpoint.deployments} <= {rollout.new}:
        return RemoveEndpoint()
    mirrored = there is not None and there.mirror > 0
    if endpoint.traffic != rollout.base or mirrored:
        return Route(traffic=rollout.base)
    if there:
        return Remove(deployment=rollout.new)
    return End(deployed=False, share=0)
