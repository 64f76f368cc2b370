"""All state of one sandbox: an organization with one project."""

from __future__ import annotations

import uuid
from pathlib import Path

from sandbox.devops.build.state import Builds
from sandbox.devops.git.state import Repositories
from sandbox.devops.test.state import TestRuns
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.store import Document, Store, Table
from sandbox.tokens import Tokens

ORGANIZATION = "sandbox"
PROJECT = "demo"


class Project(Document):
    id: str
    name: str


class World:
    """What the server serves, the agent works on and the page shows. Journal and faults are never kept."""

    organization = ORGANIZATION

    def __init__(self, store: Store) -> None:
        self.store = store
        self.project = self._project()
        self.builds = Builds(store)
        self.tests = TestRuns(store, self.builds)
        self.git = Repositories(store)
        self.tokens = Tokens(store)
        self.journal = Journal()
        self.faults = Faults()

    @classmethod
    def open(cls, path: Path | None = None) -> World:
        """The world kept in a SQLite file, made when it is new, or one that lives in memory."""
        return cls(Store(path))

    def close(self) -> None:
        self.journal.close()
        self.store.close()

    def _project(self) -> Project:
        table = Table(self.store, "project", Project)
        project = table.get("", PROJECT)
        if project is None:
            project = Project(id=str(uuid.uuid4()), name=PROJECT)
            table.put("", PROJECT, project)
        return project
