"""A cluster that is there and usable when the command is over: found, or made and waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from amltasks.commands.places import platform_of
from amltasks.data import Data
from amltasks.durations import parse_duration
from amltasks.errors import ServiceError, UserError
from amltasks.platforms.azureml.computes import (
    Cluster,
    Computes,
    Found,
    check_cluster,
    differences,
    unknown_size,
)
from amltasks.platforms.azureml.step import BUILD
from amltasks.quoting import listed, nearest, quoted
from amltasks.requests import Platform

_LOOK, _LONGEST_LOOK, _GROWTH = 0.5, 10.0, 1.3  # seconds between two looks
_TOLD_EACH = 60.0  # seconds
_CHANGEABLE = {"minNodes": "minimum", "maxNodes": "maximum", "idleTime": "idle"}  # input → field of Cluster
_PRIORITIES = ("dedicated", "lowPriority")

_Tell = Callable[[str], None]


class EnsureComputeRequest(Data):
    """asked: the inputs that were given: of a cluster that is there, nothing else matters.

    update: whether a cluster that is there gets the nodes and the idle time that are asked for. timeout: seconds.
    """

    platform: Platform
    cluster: Cluster
    asked: frozenset[str] = frozenset()
    update: bool = False
    remove_afterwards: bool = False
    timeout: float = 20 * 60.0

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, str]) -> EnsureComputeRequest:
        """inputs: text, empty or missing where nothing was entered. Raises UserError, naming the input."""
        given = {name: value.strip() for name, value in inputs.items() if value.strip()}
        platform = platform_of(given.get("platform", ""), Platform.AZUREML)
        if platform is Platform.AGENT:
            raise UserError("platform: an agent has no clusters: azureml and azureml-v1 have.")
        plain = Cluster(name=given.get("compute", ""))
        cluster = Cluster(
            name=plain.name,
            size=given.get("size", plain.size),
            minimum=_count(given.get("minNodes", str(plain.minimum)), "minNodes"),
            maximum=_count(given.get("maxNodes", str(plain.maximum)), "maxNodes"),
            idle=int(parse_duration(given.get("idleTime", f"{plain.idle} s"), "idleTime") or 0),
            low_priority=_choice(given.get("priority", _PRIORITIES[0]), _PRIORITIES, "priority") == _PRIORITIES[1],
            identity=given.get("identity", ""),
        )
        check_cluster(cluster)
        if not cluster.idle:
            raise UserError("idleTime: nodes cannot wait for work without end: say for example 2 min.")
        return cls(
            platform=platform,
            cluster=cluster,
            asked=frozenset(given),
            update=_yes(given.get("update", "false"), "update"),
            remove_afterwards=_yes(given.get("removeAfterwards", "false"), "removeAfterwards"),
            timeout=parse_duration(given.get("timeout", "20 min"), "timeout") or float("inf"),
        )


class Ensured(Data):
    """made: by this command, or by the same build before. warnings: sentences."""

    name: str
    made: bool
    state: str
    warnings: tuple[str, ...] = ()


def ensure_compute(
    request: EnsureComputeRequest, computes: Computes, build: str, tell: _Tell, making: Callable[[], None]
) -> Ensured:
    """build: the id of it, empty outside a pipeline. making: called before a cluster is made that is the build's own.

    Raises UserError where it cannot be as it was asked for, ServiceError where it did not become usable in time. What
    this has begun to make and what has failed is not left behind.
    """
    wanted = request.cluster.model_copy(update={"tags": {BUILD: build} if build else {}})
    end = time.monotonic() + request.timeout
    found = _settled(computes, wanted.name, end, tell)
    if found and found.kind != "AmlCompute":
        raise UserError(f"compute: {quoted(wanted.name)} is there already, and is no cluster but {found.kind}.")
    own = bool(build) and found is not None and found.cluster.tags.get(BUILD) == build
    if found and found.state == "ready":
        if own:
            making()
        return _found(request, found, computes, end, tell, own=own)
    if found:
        why = f": {found.reason}" if found.reason else ""
        tell(f"The compute {wanted.name} was left failed{why}: it is made anew.")
        _removed(computes, wanted.name, end, tell)
    making()
    return _made(wanted, computes, end, tell)


def remove_compute(computes: Computes, name: str, tell: _Tell) -> None:
    """Begins it; its nodes are given back without anybody waiting. One that is not there is no error."""
    if computes.find(name) is None:
        tell(f"The compute {name} is not there any more.")
        return
    computes.delete(name)
    tell(f"The compute {name} is being deleted.")


def _found(
    request: EnsureComputeRequest, found: Found, computes: Computes, end: float, tell: _Tell, *, own: bool
) -> Ensured:
    name = found.cluster.name
    tell(f"The compute {name} is there: {_described(found.cluster)}.")
    differing = [each for each in differences(found.cluster, request.cluster) if each[0] in request.asked]
    changing = [each for each in differing if request.update and each[0] in _CHANGEABLE]
    if changing:
        words = ", ".join(f"{what} from {there} to {asked}" for what, there, asked in changing)
        tell(f"The compute {name} is changed: {words}.")
        fields = [_CHANGEABLE[what] for what, _, _ in changing]
        changed = found.cluster.model_copy(update={field: getattr(request.cluster, field) for field in fields})
        check_cluster(changed)
        computes.begin(changed)
        _until_usable(computes, name, end, tell)
    warnings = [
        f"{what}: the compute {name} has {there}, not {asked}"
        + (": `update: true` changes it." if what in _CHANGEABLE else ": only another cluster can have that.")
        for what, there, asked in differing
        if (what, there, asked) not in changing
    ]
    if request.remove_afterwards and not own:
        warnings.append(f"removeAfterwards: the compute {name} was there before this build, which does not remove it.")
    return Ensured(name=name, made=own, state="ready", warnings=tuple(warnings))


def _made(wanted: Cluster, computes: Computes, end: float, tell: _Tell) -> Ensured:
    tell(f"The compute {wanted.name} is made: {_described(wanted)}.")
    try:
        computes.begin(wanted)
    except UserError as error:
        raise UserError(unknown_size(wanted.size, computes.sizes()) or str(error)) from error
    try:
        found = _until_usable(computes, wanted.name, end, tell)
    except UserError:
        computes.delete(wanted.name)
        raise
    return Ensured(name=wanted.name, made=True, state=found.state)


def _until_usable(computes: Computes, name: str, end: float, tell: _Tell) -> Found:
    found = _settled(computes, name, end, tell)
    if found is None:
        raise ServiceError(f"The compute {name} was deleted while it was made.")
    if found.state == "failed":
        raise UserError(
            f"The compute {name} could not be made: {found.reason.rstrip('. ') or 'Azure ML says no more'}."
        )
    return found


def _removed(computes: Computes, name: str, end: float, tell: _Tell) -> None:
    computes.delete(name)
    while found := _settled(computes, name, end, tell):
        if found.state == "failed" and time.monotonic() > end:
            raise ServiceError(f"The compute {name}, which has failed, could not be deleted.")
        time.sleep(_LOOK)


def _settled(computes: Computes, name: str, end: float, tell: _Tell) -> Found | None:
    """The compute when nothing is being done to it."""
    began = told = time.monotonic()
    pause = _LOOK
    while (found := computes.find(name)) and found.state in ("creating", "deleting"):
        now = time.monotonic()
        if now > end:
            doing = "made" if found.state == "creating" else "deleted"
            raise ServiceError(
                f"The compute {name} was not usable in time (timeout): it is still being {doing}, which goes on."
            )
        if now - told > _TOLD_EACH:
            told = now
            tell(f"The compute {name} is {found.state} for {(now - began) / 60:.0f} min.")
        time.sleep(min(pause, max(0.0, end - now) + 0.1))
        pause = min(pause * _GROWTH, _LONGEST_LOOK)
    return found


def _described(cluster: Cluster) -> str:
    kind = "low priority" if cluster.low_priority else "dedicated"
    return f"{cluster.minimum} to {cluster.maximum} {kind} nodes {cluster.size}, {cluster.idle} s idle"


def _count(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 6):
        raise UserError(f"{name}: {quoted(text)} is no number of nodes.")
    return int(text)


def _choice(text: str, known: tuple[str, ...], name: str) -> str:
    found = {each.lower(): each for each in known}.get(text.lower())
    if found is None:
        raise UserError(f"{name}: {quoted(text)} is none{nearest(text, known)}: there are {listed(known)}.")
    return found


def _yes(text: str, name: str) -> bool:
    return _choice(text, ("true", "false"), name) == "true"
