"""One endpoint while its door is open: its state, and the scoring servers of its deployments."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Mapping

from tornado.httpclient import AsyncHTTPClient

from amltasks.errors import UserError
from amltasks.platforms.endpoints import Deployed, Deployment
from amltasks.platforms.local.serving.failures import late_start, start_failure
from amltasks.platforms.local.serving.scoring import Scoring
from amltasks.platforms.local.serving.sharing import Shares
from amltasks.platforms.local.serving.state import EndpointFolder, LocalDeployment, LocalEndpoint, Try
from amltasks.platforms.local.serving.trial import NotReadyError
from amltasks.quoting import listed, quoted

START_SECONDS = 300.0
_DRAIN_SECONDS = 60.0  # that requests under way have when their server is replaced
_ABANDONED_SECONDS = 3600.0
_LOG_CHARACTERS = 20_000


class Front:
    """For one event loop. Every change is on disk before it takes effect."""

    def __init__(self, folder: EndpointFolder, endpoint: LocalEndpoint, client: AsyncHTTPClient) -> None:
        self._folder = folder
        self._client = client
        self._servers: dict[str, Scoring] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._replaced: set[asyncio.Task[None]] = set()
        self.endpoint = endpoint
        self._shared: list[dict[str, int]] = []
        self._shares = Shares({}, {})

    def resume(self, port: int) -> None:
        """What was served when the last door died, is served again; what had begun then has failed."""
        deployments = tuple(
            each.model_copy(update={"state": "failed", "reason": "The machine or the endpoint stopped meanwhile."})
            if each.state == "creating"
            else each
            for each in self.endpoint.deployments
        )
        self._save(self.endpoint.model_copy(update={"port": port, "deployments": deployments}))
        self._tidy()
        for deployment in self.endpoint.deployments:
            if deployment.serving is not None:
                self._servers[deployment.name] = self._scoring(deployment.serving)
                self._servers[deployment.name].resume()

    def server(self, wanted: str = "") -> tuple[str, Scoring] | None:
        """Who answers the next request, or the one that is wanted; None where there is none."""
        name = wanted or self._shares.next()
        found = self._servers.get(name)
        return (name, found) if found else None

    def mirrors(self) -> list[Scoring]:
        """Who gets a copy of it."""
        return [self._servers[name] for name in self._shares.copies() if name in self._servers]

    async def deploy(self, wanted: Try) -> Deployed:
        """Starts the server beside the one that there is, which goes when the new one answers."""
        async with self._locks.setdefault(wanted.deployment, asyncio.Lock()):
            before = self.endpoint.deployment(wanted.deployment)
            if before is not None and before.serving == wanted:  # it was asked for twice, as its door had died over it
                return Deployed(deployment=self._told(wanted.deployment))
            made = before or LocalDeployment(name=wanted.deployment, state="creating", latest=wanted.folder)
            state = before.state if before and before.serving else "creating"
            self._save_deployment(made.model_copy(update={"latest": wanted.folder, "state": state, "reason": ""}))
            if before is not None and before.latest not in self._kept():
                await self._remove(before.latest)
            server = self._scoring(wanted)
            try:
                await server.start(START_SECONDS)
            except NotReadyError as error:
                return self._failed(wanted, error.ended)
            self._serve(wanted, server)
            return Deployed(deployment=self._told(wanted.deployment))

    def route(self, traffic: Mapping[str, int], mirror: Mapping[str, int]) -> None:
        """Raises UserError where a deployment with a share serves nothing, or shares do not sum to 100 or 0."""
        asked = [name for name, percent in (*traffic.items(), *mirror.items()) if percent]
        unknown = [name for name in asked if name not in self._servers]
        if unknown:
            raise UserError(
                f"{self.endpoint.name} has no deployment {listed(unknown)} that serves: there are "
                f"{listed(self._servers) or 'none'}."
            )
        if any(not 0 <= percent <= 100 for percent in (*traffic.values(), *mirror.values())):
            raise UserError("Shares are between 0 and 100 percent.")
        if sum(traffic.values()) not in (0, 100):
            raise UserError(f"Traffic sums to 100 percent, or to 0, not to {sum(traffic.values())}.")
        deployments = tuple(
            each.model_copy(update={"traffic": traffic.get(each.name, 0), "mirror": mirror.get(each.name, 0)})
            for each in self.endpoint.deployments
        )
        self._save(self.endpoint.model_copy(update={"deployments": deployments}))

    def tag(self, tags: Mapping[str, str]) -> None:
        """An empty value takes a tag away."""
        merged = {name: value for name, value in {**self.endpoint.tags, **tags}.items() if value}
        self._save(self.endpoint.model_copy(update={"tags": merged}))

    def change(self, **changes: object) -> None:
        self._save(self.endpoint.model_copy(update=changes))

    async def delete_deployment(self, name: str) -> None:
        """Raises UserError where it has traffic."""
        found = self.endpoint.deployment(name)
        if found is None:
            return
        if found.traffic or found.mirror:
            raise UserError(
                f"{quoted(name)} has {found.traffic} percent of the requests: give them to another one first."
            )
        others = tuple(each for each in self.endpoint.deployments if each.name != name)
        self._save(self.endpoint.model_copy(update={"deployments": others}))
        server = self._servers.pop(name, None)
        if server is not None:
            await server.stop(_DRAIN_SECONDS)
        await self._remove(found.latest)
        if found.serving is not None:
            await self._remove(found.serving.folder)

    async def close(self) -> None:
        """All servers end."""
        servers, self._servers = list(self._servers.values()), {}
        await asyncio.gather(*(server.stop(_DRAIN_SECONDS) for server in servers), *self._replaced)

    def _scoring(self, wanted: Try) -> Scoring:
        return Scoring(wanted.server, self._folder.tries / wanted.folder, self.endpoint.marker, self._client)

    def _serve(self, wanted: Try, server: Scoring) -> None:
        before = self._servers.get(wanted.deployment)
        deployment = self.endpoint.deployment(wanted.deployment)
        assert deployment is not None
        self._save_deployment(deployment.model_copy(update={"state": "ready", "serving": wanted}))
        self._servers[wanted.deployment] = server
        if before is not None:
            assert deployment.serving is not None
            task = asyncio.ensure_future(self._retire(before, deployment.serving.folder))
            self._replaced.add(task)
            task.add_done_callback(self._replaced.discard)

    async def _retire(self, server: Scoring, folder: str) -> None:
        await server.stop(_DRAIN_SECONDS)
        await self._remove(folder)

    def _failed(self, wanted: Try, ended: str) -> Deployed:
        log = (self._folder.tries / wanted.folder / "server.log").read_text("utf-8", "replace")
        server = wanted.server
        failure = (
            start_failure(log, server.code, server.models, conda="the conda file", ended=ended)
            if ended
            else late_start(START_SECONDS)
        )
        deployment = self.endpoint.deployment(wanted.deployment)
        assert deployment is not None
        reason = f"{failure.reason}."
        self._save_deployment(deployment.model_copy(update={"state": "failed", "reason": reason}))
        return Deployed(
            deployment=self._told(wanted.deployment), cause=failure.cause, reason=reason, log=log[-_LOG_CHARACTERS:]
        )

    def _told(self, name: str) -> Deployment:
        found = self.endpoint.as_told().deployment(name)
        assert found is not None
        return found

    def _save_deployment(self, deployment: LocalDeployment) -> None:
        self._save(self.endpoint.with_deployment(deployment))

    def _save(self, endpoint: LocalEndpoint) -> None:
        self._folder.write(endpoint)
        shared = [
            {each.name: share for each in endpoint.deployments if (share := getattr(each, kind))}
            for kind in ("traffic", "mirror")
        ]
        if shared != self._shared:
            self._shared = shared
            self._shares = Shares(*shared)
        self.endpoint = endpoint

    def _kept(self) -> set[str]:
        """Folders of tries that serve or are the newest."""
        serving = {each.serving.folder for each in self.endpoint.deployments if each.serving}
        return serving | {each.latest for each in self.endpoint.deployments}

    def _tidy(self) -> None:
        """Takes away what killed commands have left; but for the young, whose command may only be about to come."""
        for folder in self._folder.tries.glob("*"):
            if folder.name not in self._kept() and time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)

    async def _remove(self, folder: str) -> None:
        """While requests go on: models are large."""
        await asyncio.to_thread(shutil.rmtree, self._folder.tries / folder, ignore_errors=True)
