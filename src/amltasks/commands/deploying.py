"""Deploys a model: checked, tried here, deployed, asked, given its requests; or nothing has changed, and why."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from amltasks.commands.deploy_request import DeployRequest, OnCancel
from amltasks.commands.deployed_models import find_models
from amltasks.commands.deployed_wording import chain, facts, verdict
from amltasks.commands.stopping import StoppedError, stoppable, within
from amltasks.endpoints.observing import Observing
from amltasks.endpoints.precheck import precheck
from amltasks.endpoints.rolling import Outcome, Rolling
from amltasks.endpoints.rollout import TAG, Phase, read_rollout
from amltasks.endpoints.rollout_record import Record
from amltasks.endpoints.settings import OUR_TAGS
from amltasks.endpoints.smoke.probing import Prober
from amltasks.errors import AmlTasksError
from amltasks.platforms.endpoints import Access, DeploymentSpec, Endpoints, EndpointSpec
from amltasks.platforms.registry import Model, Registry
from amltasks.report.checks import Check, CheckFile, CheckOutcome, CheckReport

CANCELLED = "cancelled"
_LAST_QUESTION = 3.0  # seconds for what a cancelled command still asks


class Deploying:
    """One deployment. What is known of it by now is in its attributes, also when it is cancelled."""

    def __init__(
        self,
        request: DeployRequest,
        registry: Registry,
        endpoints: Endpoints,
        *,
        folder: Path,
        tell: Callable[[str], None],
        warn: Callable[[str], None],
        redact: Callable[[str], str],
        keep_secret: Callable[[str], None],
        moved: Callable[[CheckReport], None] = lambda report: None,
    ) -> None:
        """folder: for what is kept. tell, warn: hear of what happens. keep_secret: hears of keys before their use.

        moved: hears how far it has come, after each move.
        """
        self._request = request
        self._registry = registry
        self._endpoints = endpoints
        self._folder = folder
        self._tell = tell
        self._warn = warn
        self._redact = redact
        self._keep_secret = keep_secret
        self._stop = threading.Event()
        self._started_at = datetime.now(timezone.utc)
        self._checks: list[Check] = []
        self._notes: list[str] = []
        self._left = ""  # how one was left that came to no end
        self._asked: dict[str, bool] = {}
        self._rolling: Rolling | None = None
        self._record = Record(tell, folder / "logs", _now, redact, lambda: moved(self.report()))
        self.outcome = Outcome.FAILED.value
        self.models: tuple[Model, ...] = ()
        self.address = ""

    @property
    def endpoint(self) -> str:
        return self._request.settings.endpoint.name

    @property
    def deployment(self) -> str:
        return self._rolling.deployment if self._rolling else ""

    def run(self, places: list[Path], *, watch_parent: bool = False) -> CheckReport:
        """places: where an artifact with metadata may lie. Raises UserError and ServiceError; `report` has the rest."""
        try:
            stoppable(lambda: self._work(places), self._stop, watch_parent=watch_parent)
        except StoppedError:
            self.outcome = CANCELLED
            if self._request.on_cancel is OnCancel.ROLLBACK:
                within(_LAST_QUESTION, self._give_back)
            self._tell_state("Cancelled")
        except AmlTasksError:
            if self._rolling is not None:
                self._tell_state("Not finished")
            raise
        return self.report()

    def _work(self, places: list[Path]) -> None:
        self.models = tuple(find_models(self._registry, self._request.models, self._request.metadata, places))
        endpoint, deployment = self._specs()
        for warning in (*self._endpoints.check(endpoint, deployment), *self._unmirrored()):
            self._notes.append(warning)
            self._warn(warning)
        if self._request.precheck:
            self._record.begin("Trying the scoring script here.")
        if self._request.precheck and not self._prechecked(deployment):
            self._tell("The scoring script failed here: nothing was deployed.")
            return
        if self._request.overwrite and self._endpoints.find(endpoint.name) is not None:
            self._notes.append(f"{endpoint.name} was deleted first, as overwrite says.")
            self._tell(self._notes[-1])
            self._endpoints.delete(endpoint.name, self._tell)
        self.outcome = self._rolled(endpoint, deployment).value
        found = self._endpoints.find(endpoint.name)
        self.address = found.address if found else ""

    def _unmirrored(self) -> Iterator[str]:
        if self._request.plan.mirror and not self._endpoints.mirrors:
            yield "mirror: this place copies no requests; the new deployment is asked with those of tests alone."

    def _specs(self) -> tuple[EndpointSpec, DeploymentSpec]:
        settings = self._request.settings
        tags = {f"{OUR_TAGS}model": ", ".join(model.id for model in self.models), **settings.deployment.tags}
        return settings.endpoint, settings.deployment.model_copy(update={"models": self.models, "tags": tags})

    def _prechecked(self, deployment: DeploymentSpec) -> bool:
        with TemporaryDirectory(prefix="precheck-") as scratch:
            tried, folders = Path(scratch) / "tried", {}
            tried.mkdir()
            for number, model in enumerate(self.models):
                folders[model.id] = Path(scratch) / str(number)
                folders[model.id].mkdir()
                self._registry.download(model, folders[model.id])
            cases = self._request.cases
            checks = precheck(deployment, folders, cases, self._tell, folder=tried, redact=self._redact)
            self._checks.extend(self._kept(check, tried) for check in checks)
        return all(check.outcome is not CheckOutcome.FAILED for check in checks)

    def _kept(self, check: Check, tried: Path) -> Check:
        """With its files where results are; all else that was needed goes."""
        files = []
        for file in check.files:
            path = self._folder / "precheck" / file.path.relative_to(tried)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.path, path)
            files.append(CheckFile(path=path, name=file.name))
        return check.model_copy(update={"files": tuple(files)})

    def _rolled(self, endpoint: EndpointSpec, deployment: DeploymentSpec) -> Outcome:
        prober = Prober(self._access, self._folder / "responses", self._redact, stop=self._stop)
        with closing(prober):
            observer = Observing(
                prober,
                self._request.cases,
                self._request.rules,
                self._tell,
                bake=self._request.bake,
                ready_timeout=self._request.ready_timeout,
                addressable=self._addressable,
            )
            self._rolling = Rolling(self._endpoints, observer, self._record, self._tell, self._stop)
            return self._rolling.run(endpoint, deployment, self._request.plan)

    def _access(self) -> Access:
        access = self._endpoints.access(self.endpoint)
        for value in access.headers.values():
            self._keep_secret(value.rpartition(" ")[2])
        return access

    def _addressable(self, deployment: str) -> bool:
        """Whether it can be asked by itself; that does not change while it is deployed to."""
        if deployment not in self._asked:
            access = self._access()
            self._asked[deployment] = bool(access.deployment_header) or deployment in access.addresses
        return self._asked[deployment]

    def _tell_state(self, why: str) -> None:
        """What somebody has to know of a deployment that came to no end."""
        found = within(_LAST_QUESTION, lambda: self._endpoints.find(self.endpoint))
        if found is None:
            note = f"{why}; how the requests to {self.endpoint} are shared could not be asked any more."
        else:
            self.address = found.address
            traffic = ", ".join(f"{name} {share} %" for name, share in found.traffic.items()) or "nobody"
            left = "; the next run goes on or rolls back" if found.tags.get(TAG) else ""
            note = f"{why}; requests to {self.endpoint} are answered by {traffic}{left}."
        self._left = note
        self._notes.append(note)
        self._warn(note)

    def _give_back(self) -> None:
        found = self._endpoints.find(self.endpoint)
        rollout = read_rollout(found.tags) if found else None
        if rollout is not None and rollout.phase is not Phase.FINISHING:
            self._endpoints.route(self.endpoint, rollout.base)
            self._endpoints.tag(self.endpoint, {TAG: rollout.moved(Phase.ROLLING_BACK).tag()})

    def report(self) -> CheckReport:
        """Of all that was looked at by now."""
        record, checks = self._record, (*self._checks, *self._record.checks)
        return CheckReport(
            title=f"{self._request.target.value}: {self.endpoint}",
            checks=checks,
            started_at=self._started_at,
            finished_at=_now(),
            cancelled=self.outcome == CANCELLED,
            verdict=self._left or verdict(self.outcome, self.deployment, self.models, record.moves, checks),
            rollout=tuple(record.moves),
            deployments=record.deployments,
            chain=tuple(chain(self.models, self.endpoint, self.deployment)),
            facts=facts(self.endpoint, self.deployment, self.address, self.models),
            notes=(*self._notes, *record.notes),
        )


def _now() -> datetime:
    return datetime.now(timezone.utc)
