"""Releases as they are kept. Runs of pipelines carry out their deployments, and have the timelines and the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from sandbox.devops.build.documents import Build
from sandbox.devops.build.state import Builds
from sandbox.devops.release import errors
from sandbox.store import Document, Store, Table


class Environment(Document):
    """A stage. runs: of the deployments to it, by the numbers of their builds, the first attempt first."""

    id: int
    name: str
    runs: tuple[int, ...] = ()


class Release(Document):
    """artifact: the number of the build that is released; None for a release of nothing."""

    id: int
    name: str
    definition_id: int
    definition: str
    created: datetime
    artifact: int | None = None
    environments: tuple[Environment, ...] = ()


class ReleaseDefinition(Document):
    id: int
    name: str


class Releases:
    def __init__(self, store: Store, builds: Builds) -> None:
        self.store = store
        self._builds = builds
        self._table = Table(store, "release", Release)
        self._definitions = Table(store, "release definition", ReleaseDefinition)

    def record(self, definition: str, stages: Mapping[str, Sequence[Build]], artifact: Build | None = None) -> Release:
        """A release whose deployments these runs are, by the names of the stages in their order."""
        with self.store.changing():
            number = self.store.count("release")
            known = self._definitions.get("", definition)
            if known is None:
                known = ReleaseDefinition(id=self.store.count("release definition"), name=definition)
                self._definitions.put("", definition, known)
            release = Release(
                id=number,
                name=f"Release-{number}",
                definition_id=known.id,
                definition=definition,
                created=datetime.now(timezone.utc),
                artifact=artifact.id if artifact else None,
                environments=tuple(
                    Environment(id=self.store.count("environment"), name=name, runs=tuple(run.id for run in runs))
                    for name, runs in stages.items()
                ),
            )
            self._table.put("", number, release)
            return release

    def deploy(self, release_id: int, stage: str, run: Build) -> Release:
        """One more attempt at a stage."""
        with self.store.changing():
            release = self.get(release_id)
            environments = tuple(
                each.model_copy(update={"runs": (*each.runs, run.id)}) if each.name == stage else each
                for each in release.environments
            )
            release = release.model_copy(update={"environments": environments})
            self._table.put("", release.id, release)
            return release

    def all(self) -> list[Release]:
        return self._table.all("")

    def get(self, release_id: int) -> Release:
        release = self._table.get("", release_id)
        if release is None:
            raise errors.release_not_found(release_id)
        return release

    def attempts(self, environment: Environment) -> list[Build]:
        return [self._builds.get(run) for run in environment.runs]

    def deployment(self, release_id: int, environment_id: int, attempt: int, plan_id: str) -> Build:
        """The run of an attempt, counted from 1."""
        for environment in self.get(release_id).environments:
            attempts = self.attempts(environment)
            run = attempts[attempt - 1] if 0 < attempt <= len(attempts) else None
            if run is not None and (environment.id, run.plan_id) == (environment_id, plan_id.lower()):
                return run
        raise errors.deployment_not_found(environment_id, attempt, plan_id)
