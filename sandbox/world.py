"""All state of one sandbox: an organization with one project, and an Azure subscription."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.authority import Authority
from sandbox.clock import Clock
from sandbox.devops.approvals.state import Approvals
from sandbox.devops.build.state import Builds
from sandbox.devops.core.state import open_project
from sandbox.devops.distributedtask.identity import IdentityTokens
from sandbox.devops.git.state import Repositories
from sandbox.devops.release.state import Releases
from sandbox.devops.test.state import TestRuns
from sandbox.extensions import Extensions
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.store import Store
from sandbox.tokens import Tokens

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud

ORGANIZATION = "sandbox"


class World:
    """What the server serves, the agent works on and the page shows. Journal, faults and clock are never kept.

    address: of the server, while there is one.
    """

    organization = ORGANIZATION

    def __init__(self, store: Store, blobs: Path | None = None) -> None:
        self._blobs = blobs
        self.address = ""
        self._azure: Cloud | None = None
        self._lock = threading.Lock()
        self.store = store
        self.project = open_project(store)
        self.builds = Builds(store)
        self.approvals = Approvals(store)
        self.tests = TestRuns(store, self.builds)
        self.releases = Releases(store, self.builds)
        self.git = Repositories(store)
        self.tokens = Tokens(store)
        self.extensions = Extensions(store)
        self.journal = Journal()
        self.faults = Faults()
        self.clock = Clock()
        self.authority = Authority()
        self.identity_tokens = IdentityTokens(store, self.clock, self.organization, self.project)

    @property
    def azure(self) -> Cloud:
        with self._lock:
            if self._azure is None:
                from sandbox.azure.cloud import Cloud  # with its cryptography; few worlds are asked for it

                self._azure = Cloud(self.store, self.clock, self._blobs)
                self._azure.directory.trust(self.identity_tokens.issuer, self.identity_tokens.key)
            return self._azure

    @classmethod
    def open(cls, path: Path | None = None) -> World:
        """The world kept in a SQLite file and a folder for blobs beside it, made when new, or one that goes with us."""
        return cls(Store(path), path and path.with_name(f"{path.name}.blobs"))

    def close(self) -> None:
        if self._azure:
            self._azure.close()
        self.journal.close()
        self.store.close()
