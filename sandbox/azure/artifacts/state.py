"""Files of runs; the blobs below a run's folder are all there is."""

from __future__ import annotations

from sandbox.azure.datastores.state import account_of
from sandbox.azure.history.state import CONTAINER, Run
from sandbox.azure.resources import Resource
from sandbox.azure.storage.state import Storage

ORIGIN = "ExperimentRun"
_SECONDS = 24 * 3600


class Artifacts:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def paths(self, workspace: Resource, run: Run) -> list[str]:
        folder = f"{run.folder}/"
        return [name[len(folder) :] for name in self._storage.names(account_of(workspace), CONTAINER, folder)]

    def to_read(self, workspace: Resource, run: Run, path: str) -> str:
        """A signed address of one."""
        return self._storage.signed(account_of(workspace), CONTAINER, f"{run.folder}/{path}", "r", _SECONDS)

    def to_write(self, workspace: Resource, run: Run, path: str) -> str:
        return self._storage.signed(account_of(workspace), CONTAINER, f"{run.folder}/{path}", "rcw", _SECONDS)
