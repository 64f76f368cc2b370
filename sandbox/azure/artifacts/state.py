"""Files of runs and of uploads; the blobs below a folder are all there is."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.azure.datastores.state import account_of
from sandbox.azure.history.state import CONTAINER, Run
from sandbox.azure.resources import Resource
from sandbox.azure.storage.state import Storage

OF_RUNS, OF_UPLOADS = "ExperimentRun", "LocalUpload"
_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Folder:
    """Where artifacts are. origin: what they come from; container: a name, of a run `dcid.` and its id."""

    workspace: Resource
    origin: str
    container: str

    @property
    def path(self) -> str:
        """In the container of all runs."""
        return f"{self.origin}/{self.container}"


def folder_of(workspace: Resource, run: Run) -> Folder:
    return Folder(workspace, OF_RUNS, f"dcid.{run.id}")


class Artifacts:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def paths(self, folder: Folder, prefix: str = "") -> list[str]:
        """Of those in a folder whose paths begin so."""
        base = f"{folder.path}/"
        found = self._storage.names(account_of(folder.workspace), CONTAINER, f"{base}{prefix}")
        return [name[len(base) :] for name in found]

    def to_read(self, folder: Folder, path: str) -> str:
        """A signed address of one."""
        return self._address(folder, path, "r")

    def to_write(self, folder: Folder, path: str) -> str:
        return self._address(folder, path, "rcw")

    def _address(self, folder: Folder, path: str, permissions: str) -> str:
        account = account_of(folder.workspace)
        return self._storage.signed(account, CONTAINER, f"{folder.path}/{path}", permissions, _SECONDS)
