"""Files of runs, of uploads and of datastores; the blobs below a folder are all there is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.azure.datastores.state import account_of
from sandbox.azure.history.state import CONTAINER, Run
from sandbox.azure.resources import Resource
from sandbox.azure.storage.state import Storage

OF_RUNS, OF_UPLOADS, OF_DATASTORES = "ExperimentRun", "LocalUpload", "Datastore"
_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Folder:
    """Where artifacts are. origin: what they come from; container: a name, of a run `dcid.` and its id.

    datastore: that whose name the container is, where it is one; all else is in the container of all runs.
    """

    workspace: Resource
    origin: str
    container: str
    datastore: Resource | None = None

    @property
    def place(self) -> tuple[str, str, str]:
        """Account, container of blobs, and what their names begin with."""
        if self.datastore:
            return self.datastore.properties["accountName"], self.datastore.properties["containerName"], ""
        return account_of(self.workspace), CONTAINER, f"{self.origin}/{self.container}/"


def folder_of(workspace: Resource, run: Run) -> Folder:
    return Folder(workspace, OF_RUNS, f"dcid.{run.id}")


def prefix_of(
    workspace: Resource, datastores: Iterable[Resource], account: str, container: str, path: str
) -> str | None:
    """How blobs are called as artifacts; None where they are in no datastore."""
    path = path.rstrip("/")
    if (account, container) == (account_of(workspace), CONTAINER) and path.startswith(
        (f"{OF_RUNS}/", f"{OF_UPLOADS}/")
    ):
        return path
    for each in datastores:
        if (account, container) == (each.properties["accountName"], each.properties["containerName"]):
            return f"{OF_DATASTORES}/{each.name}/{path}"
    return None


class Artifacts:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def paths(self, folder: Folder, prefix: str = "") -> list[str]:
        """Of those in a folder whose paths begin so."""
        account, container, base = folder.place
        found = self._storage.names(account, container, f"{base}{prefix}")
        return [name[len(base) :] for name in found]

    def to_read(self, folder: Folder, path: str) -> str:
        """A signed address of one."""
        return self._address(folder, path, "r")

    def to_write(self, folder: Folder, path: str) -> str:
        return self._address(folder, path, "rcw")

    def _address(self, folder: Folder, path: str, permissions: str) -> str:
        account, container, base = folder.place
        return self._storage.signed(account, container, f"{base}{path}", permissions, _SECONDS)
