"""Carries out rollouts: asks for the next move, makes it, and writes down in the endpoint's tag what has been done."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Protocol

from amltasks.data import Data
from amltasks.endpoints.rollout import (
    TAG,
    Deploy,
    End,
    Move,
    Phase,
    Remove,
    RemoveEndpoint,
    Rollout,
    Route,
    Strategy,
    Watch,
    after,
    begun,
    key_of,
    next_move,
    read_rollout,
    resumed,
)
from amltasks.endpoints.rollout_record import Record
from amltasks.errors import ServiceError, UserError
from amltasks.platforms.endpoints import CURRENT, DeploymentSpec, Endpoint, Endpoints, EndpointSpec, Tell
from amltasks.quoting import quoted
from amltasks.report.checks import Check


class Outcome(str, Enum):
    """failed: nothing serves, or what serves could not be brought back to what it was."""

    DEPLOYED = "deployed"
    ROLLED_BACK = "rolledBack"
    FAILED = "failed"


class Plan(Data):
    """steps: shares of a rollout. keep: the deployment that was before, without requests. mirror: percent of requests
    that are copied to the new one while it has none. name: of the new deployment, empty for one that is free."""

    strategy: Strategy
    steps: tuple[int, ...] = (0, 100)
    keep: bool = False
    mirror: int = 0
    name: str = ""


class Seen(Data):
    """What watching a deployment has shown. error_rate: 0 to 1. p95: seconds. Both None where nothing was asked."""

    good: bool
    verdict: str
    checks: tuple[Check, ...] = ()
    requests: int = 0
    error_rate: float | None = None
    p95: float | None = None


class Observer(Protocol):
    """Looks whether a deployment answers as it should."""

    def ready(self, endpoint: Endpoint, deployment: str) -> Seen:
        """Once it was deployed, before it has requests, where it can be asked by itself."""

    def watch(self, endpoint: Endpoint, deployment: str, share: int) -> Seen:
        """While it has that share of the requests, for as long as such a step takes."""


class StoppedError(Exception):
    """The command was cancelled: no further move is made, and the endpoint's tag says how to go on."""


class Rolling:
    """One deployment, from the first look to the last step; `record` is told of all that is done."""

    def __init__(
        self,
        endpoints: Endpoints,
        observer: Observer,
        record: Record,
        tell: Tell,
        stop: threading.Event,
    ) -> None:
        """stop: set when the command is cancelled."""
        self._endpoints = endpoints
        self._observer = observer
        self._tell = tell
        self._record = record
        self._stop = stop
        self.deployment = ""

    def run(self, endpoint: EndpointSpec, deployment: DeploymentSpec, plan: Plan) -> Outcome:
        """Deploys, and rolls back what does not prove good. What an earlier run has left is finished or undone first.

        Raises UserError and ServiceError as the place does, StoppedError when it is cancelled; the endpoint's tag
        then says how to go on.
        """
        if plan.strategy is Strategy.REPLACE:
            return self._replace(endpoint, deployment, plan)
        if not self._endpoints.shares:
            raise UserError(
                f"strategy: {plan.strategy.value} shares requests among deployments, which this place cannot: "
                "use strategy: replace."
            )
        key = key_of(deployment)
        found = self._endpoints.find(endpoint.name)
        rollout = self._left(found, key) if found else None
        if rollout is not None and rollout.key == key and rollout.phase is Phase.FINISHING:
            return self._finish(endpoint.name, rollout, deployment, plan)
        if rollout is not None and (rollout.key != key or rollout.phase in (Phase.ROLLING_BACK, Phase.FINISHING)):
            self._drive(endpoint.name, rollout, deployment, plan)
            found, rollout = self._endpoints.find(endpoint.name), None
        if found is not None and not found.several and found.deployments:
            raise UserError(
                f"endpoint: {quoted(endpoint.name)} is a service that shares no requests: use strategy: replace, "
                "another name, or overwrite."
            )
        rollout = rollout or begun(key, found, plan.name)
        tags = {**endpoint.tags, TAG: rollout.tag()}  # with the endpoint, so that none is left that nobody remembers
        self._endpoints.ensure(endpoint.model_copy(update={"several": True, "tags": tags}), self._tell)
        self._endpoints.tag(endpoint.name, {TAG: rollout.tag()})
        return self._drive(endpoint.name, rollout, deployment, plan)

    def _finish(self, name: str, rollout: Rollout, spec: DeploymentSpec, plan: Plan) -> Outcome:
        """All requests are the new one's since the run that has died: what is left to do, and a last look."""
        outcome = self._drive(name, rollout, spec, plan)
        found = self._endpoints.find(name)
        return outcome if found and self._watch(found, rollout.new, 100) else Outcome.FAILED

    def _left(self, found: Endpoint, key: str) -> Rollout | None:
        """What an earlier run has left, as it is to go on."""
        rollout = read_rollout(found.tags)
        if rollout is None:
            return None
        self._record.note(_left_sentence(rollout, rollout.key == key))
        return resumed(rollout, key, found)

    def _drive(self, name: str, rollout: Rollout, spec: DeploymentSpec, plan: Plan) -> Outcome:
        self.deployment = rollout.new
        while True:
            endpoint = self._endpoints.find(name)
            if endpoint is None:
                raise ServiceError(f"The endpoint {quoted(name)} is gone while it was deployed to.")
            self._record.look(endpoint)
            move = next_move(rollout, endpoint, plan.steps, keep=plan.keep, mirror=self._mirror(plan))
            if isinstance(move, End):
                return self._ended(name, move, rollout)
            self._look_whether_stopped()
            good = self._make(endpoint, move, rollout, spec)
            if isinstance(move, RemoveEndpoint):
                return Outcome.FAILED
            moved = after(rollout, move, good)
            # Of a deployment that does not start nothing is written down: it has no requests, whoever comes next would
            # do the same, and services of the SDK v1 take no tags while a version has failed.
            if moved != rollout and (good or not isinstance(move, Deploy)):
                self._endpoints.tag(name, {TAG: moved.tag()})
            rollout = moved

    def _look_whether_stopped(self) -> None:
        if self._stop.is_set():
            raise StoppedError

    def _mirror(self, plan: Plan) -> int:
        return plan.mirror if self._endpoints.mirrors else 0

    def _make(self, endpoint: Endpoint, move: Move, rollout: Rollout, spec: DeploymentSpec) -> bool:
        """Whether it came out well."""
        if isinstance(move, Deploy):
            return self._deploy(endpoint, spec.model_copy(update={"name": move.name}))
        if isinstance(move, Watch):
            return self._watch(endpoint, rollout.new, move.share)
        begun_at = self._record.now()
        if isinstance(move, Route):
            step = "roll back" if rollout.phase is Phase.ROLLING_BACK else "route"
            self._endpoints.route(endpoint.name, move.traffic, move.mirror)
            self._record.move(step, move.traffic, "done", begun_at)
        elif isinstance(move, Remove):
            self._endpoints.delete_deployment(endpoint.name, move.deployment, self._tell)
            self._record.move(f"remove {move.deployment}", endpoint.traffic, "done", begun_at)
        elif isinstance(move, RemoveEndpoint):
            self._endpoints.delete(endpoint.name, self._tell)
            self._record.move("remove the endpoint", {}, "done", begun_at)
        return True

    def _ended(self, name: str, end: End, rollout: Rollout) -> Outcome:
        if end.deployed and end.share < 100:
            self._record.note(f"{rollout.new} has {end.share} % of the requests until a later step gives it more.")
            return Outcome.DEPLOYED
        self._endpoints.tag(name, {TAG: ""})
        if end.deployed:
            return Outcome.DEPLOYED
        return Outcome.ROLLED_BACK if rollout.base else Outcome.FAILED

    def _replace(self, endpoint: EndpointSpec, deployment: DeploymentSpec, plan: Plan) -> Outcome:
        found = self._endpoints.find(endpoint.name)
        if found is not None and read_rollout(found.tags) is not None:
            raise UserError(
                f"strategy: a rollout to {quoted(endpoint.name)} has begun and not ended: go on with it by its "
                "strategy, or overwrite."
            )
        serving = found.traffic if found else {}
        if len(serving) > 1 and not plan.name:
            raise UserError(f"strategy: replace is for one deployment, and {_shared(serving)}: name it by deployment.")
        name = plan.name or next(iter(serving), CURRENT if not self._endpoints.shares else "blue")
        self.deployment = name
        made = self._endpoints.ensure(endpoint, self._tell)
        self._record.look(made)
        left = made.deployment(name)
        if left is not None and left.state == "failed" and not left.traffic:
            self._endpoints.delete_deployment(endpoint.name, name, self._tell)
        if not self._deploy(made, deployment.model_copy(update={"name": name})):
            self._clean(endpoint.name, name, existed=found is not None)
            return Outcome.FAILED
        endpoint_now = self._endpoints.find(endpoint.name) or made
        if not endpoint_now.traffic:
            begun_at = self._record.now()
            self._endpoints.route(endpoint.name, {name: 100})
            self._record.move("route", {name: 100}, "done", begun_at)
            endpoint_now = self._endpoints.find(endpoint.name) or endpoint_now
        self._record.look(endpoint_now)
        return Outcome.DEPLOYED if self._watch(endpoint_now, name, 100) else Outcome.FAILED

    def _clean(self, endpoint: str, name: str, *, existed: bool) -> None:
        """What did not come to serve is no leftover; what serves stays."""
        found = self._endpoints.find(endpoint)
        deployment = found.deployment(name) if found else None
        if found is None or (deployment is not None and deployment.traffic and deployment.state == "ready"):
            return
        if not existed:
            self._endpoints.delete(endpoint, self._tell)
        elif deployment is not None and not deployment.traffic:
            self._endpoints.delete_deployment(endpoint, name, self._tell)

    def _deploy(self, endpoint: Endpoint, spec: DeploymentSpec) -> bool:
        begun_at = self._record.now()
        models = ", ".join(model.id for model in spec.models)
        self._record.begin(f"Deploying {models} as {spec.name} of {endpoint.name}.")
        deployed = self._endpoints.deploy(endpoint.name, spec, self._tell)
        good = deployed.cause is None
        files = () if good else self._record.files(spec.name, log=deployed.log, events="\n".join(deployed.events))
        self._record.check("Deployment", good, deployed.reason, begun_at, files)
        self._record.move(f"deploy {spec.name}", endpoint.traffic, deployed.reason or "ready", begun_at, good=good)
        if not good:
            return False
        asked_at = self._record.now()
        seen = self._observer.ready(self._endpoints.find(endpoint.name) or endpoint, spec.name)
        self._look_whether_stopped()
        return self._seen("Readiness", f"ask {spec.name}", seen, asked_at, endpoint, spec.name)

    def _watch(self, endpoint: Endpoint, deployment: str, share: int) -> bool:
        begun_at = self._record.now()
        seen = self._observer.watch(endpoint, deployment, share)
        self._look_whether_stopped()  # what was cut short has held nothing
        return self._seen(f"{share} % of the requests", f"{share} %", seen, begun_at, endpoint, deployment)

    def _seen(self, name: str, step: str, seen: Seen, begun_at: datetime, endpoint: Endpoint, deployment: str) -> bool:
        log = "" if seen.good else self._endpoints.log(endpoint.name, deployment)
        self._record.add(*seen.checks)
        self._record.check(name, seen.good, seen.verdict, begun_at, self._record.files(deployment, log=log))
        self._record.move(
            step,
            endpoint.traffic,
            seen.verdict,
            begun_at,
            good=seen.good,
            requests=seen.requests,
            error_rate=seen.error_rate,
            p95=seen.p95,
        )
        return seen.good


def _left_sentence(rollout: Rollout, same: bool) -> str:
    passed = f"{rollout.passed} % of the requests" if rollout.passed >= 0 else "no request yet"
    state = f"An earlier run has left a rollout of {rollout.new} ({rollout.phase.value}, {passed} held)"
    if rollout.phase is Phase.FINISHING:
        return f"{state}: it is finished first."
    if same and rollout.phase is not Phase.ROLLING_BACK:
        return f"{state}: this is the same one, and goes on."
    return f"{state}: it is rolled back first."


def _shared(traffic: Mapping[str, int]) -> str:
    return "requests are shared by " + ", ".join(f"{name} ({share} %)" for name, share in traffic.items())
