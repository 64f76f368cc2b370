"""All state of one sandbox: an organization with one project."""

from __future__ import annotations

from pathlib import Path

from sandbox.devops.build.state import Builds
from sandbox.devops.core.state import open_project
from sandbox.devops.git.state import Repositories
from sandbox.devops.test.state import TestRuns
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.store import Store
from sandbox.tokens import Tokens

ORGANIZATION = "sandbox"


class World:
    """What the server serves, the agent works on and the page shows. Journal and faults are never kept."""

    organization = ORGANIZATION

    def __init__(self, store: Store) -> None:
        self.store = store
        self.project = open_project(store)
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
