"""Snapshots: a folder of blobs each, and the code asset that names it."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Mapping

from sandbox.azure.assets.state import CODE, Assets
from sandbox.azure.datastores.state import account_of
from sandbox.azure.history.state import CONTAINER
from sandbox.azure.resources import Resource
from sandbox.azure.storage.state import Storage

_UPLOADS, _FOLDER, _ZIPS = "SnapshotUploads", "Snapshots", "SnapshotZips"
_VERSION = "1"
_SECONDS = 24 * 3600


class Snapshots:
    """Of all workspaces."""

    def __init__(self, assets: Assets, storage: Storage) -> None:
        self._assets = assets
        self._storage = storage

    def find(self, workspace: Resource, name: str) -> Resource | None:
        """The code asset of a snapshot."""
        return self._assets.version(workspace, CODE, name, _VERSION)

    def to_upload(self, workspace: Resource, paths: list[str]) -> dict[str, str]:
        """A signed address to write each file to. Not named after it: the SDK quotes names in addresses once more."""
        folder, account = f"{_UPLOADS}/{uuid.uuid4()}", account_of(workspace)
        return {
            path: self._storage.signed(account, CONTAINER, f"{folder}/{number}", "rcw", _SECONDS)
            for number, path in enumerate(paths)
        }

    def uploaded(self, workspace: Resource, address: str) -> str | None:
        """The blob at an address of `to_upload`; None for another's."""
        base = f"{self._storage.address(account_of(workspace), CONTAINER)}/"
        path = address.partition("?")[0]
        return path.removeprefix(base) if path.startswith(f"{base}{_UPLOADS}/") else None

    def files(self, workspace: Resource, name: str) -> dict[str, str]:
        """The blob of each file."""
        folder = f"{_FOLDER}/{name}/"
        names = self._storage.names(account_of(workspace), CONTAINER, folder)
        return {blob.removeprefix(folder): blob for blob in names}

    def create(
        self, workspace: Resource, name: str, files: Mapping[str, str], properties: Mapping[str, str], by: str
    ) -> list[str]:
        """files: the blob that each is copied from. Returns those that are not there: with any, nothing is made."""
        account = account_of(workspace)
        contents = {path: self._storage.get(account, CONTAINER, blob) for path, blob in files.items()}
        missing = [path for path, content in contents.items() if content is None]
        if not missing:
            for path, content in contents.items():
                self._storage.put(account, CONTAINER, f"{_FOLDER}/{name}/{path}", content or b"")
            code = {
                "codeUri": self._storage.address(account, CONTAINER, f"{_FOLDER}/{name}"),
                "isAnonymous": True,
                "isArchived": False,
                "tags": {},
                "properties": dict(properties),
            }
            self._assets.put(workspace, CODE, name, _VERSION, code, by)
        return missing

    def packed(self, workspace: Resource, name: str) -> str:
        """A signed address of a ZIP file of it."""
        account, blob, data = account_of(workspace), f"{_ZIPS}/{name}.zip", io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as package:
            for path, file in self.files(workspace, name).items():
                package.writestr(path, self._storage.get(account, CONTAINER, file) or b"")
        self._storage.put(account, CONTAINER, blob, data.getvalue(), "application/zip")
        return self._storage.signed(account, CONTAINER, blob, "r", _SECONDS)
