"""Where the files of a job's inputs and outputs are, by all the addresses that clients have for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from sandbox.azure.datastores.state import account_of
from sandbox.azure.history.state import CONTAINER
from sandbox.azure.resources import Resource

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud

_DATASTORE = re.compile(
    r"azureml:/(?:/subscriptions/[^/]+/resource[gG]roups/[^/]+(?:/providers/[^/]+)?/workspaces/[^/]+)?"
    r"/datastores/(?P<name>[^/]+)/(?:paths/)?(?P<path>.*)",
    re.IGNORECASE,
)
_JOB = re.compile(r"azureml://jobs/(?P<job>[^/]+)/outputs/(?P<name>[^/]+)(?:/paths/(?P<path>.*))?", re.IGNORECASE)
_NAMED = re.compile(r"azureml:(?P<name>[^:/]+):(?P<version>[^:/]+)")
_BLOB_SUFFIX = ".blob.core.windows.net"


class UnknownPlaceError(Exception):
    """There is nothing at an address, or it is of a form that is not played."""


@dataclass(frozen=True)
class Place:
    """A blob, or all those whose names begin with `path` and a slash."""

    account: str
    container: str
    path: str

    def below(self, name: str) -> str:
        return f"{self.path.rstrip('/')}/{name}".lstrip("/")


def place_of(cloud: Cloud, workspace: Resource, address: str) -> Place:
    """Raises UnknownPlaceError."""
    found = _DATASTORE.fullmatch(address)
    if found:
        store = cloud.datastores.find(workspace, found["name"])
        if store is None:
            raise UnknownPlaceError(f"The datastore {found['name']} does not exist.")
        return Place(store.properties["accountName"], store.properties["containerName"], found["path"])
    found = _JOB.fullmatch(address)
    if found:
        return _output_of(cloud, workspace, found["job"], found["name"], found["path"] or "")
    if address.startswith(("https://", "http://", "wasbs://")):
        return _blob(cloud, address)
    return place_of(cloud, workspace, _asset_uri(cloud, workspace, address))


def download(cloud: Cloud, place: Place, target: Path) -> int:
    """Fetch a blob, or all that is below a place, into a folder; returns how many files. UnknownPlaceError for none."""
    prefix = f"{place.path.rstrip('/')}/" if place.path.strip("/") else ""
    names = [name for name in cloud.storage.names(place.account, place.container, prefix) if not name.endswith("/")]
    if not names and prefix:
        names, prefix = [place.path], f"{place.path.rpartition('/')[0]}/".lstrip("/")
    for name in names:
        data = cloud.storage.get(place.account, place.container, name)
        if data is None:
            raise UnknownPlaceError(f"There is nothing at {place.path or '/'} of the container {place.container}.")
        file = target / name.removeprefix(prefix)
        if target.resolve() not in file.resolve().parents:
            raise UnknownPlaceError(f"The blob {name} has a name that leaves its folder.")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return len(names)


def upload(cloud: Cloud, folder: Path, place: Place) -> int:
    """Send all files of a folder; returns how many."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for file in files:
        cloud.storage.put(place.account, place.container, place.below(str(file.relative_to(folder))), file.read_bytes())
    return len(files)


def _output_of(cloud: Cloud, workspace: Resource, job: str, name: str, path: str) -> Place:
    run = cloud.runs.find(workspace, job)
    if run is None or (name not in ("default", "artifacts") and name not in run.outputs):
        raise UnknownPlaceError(f"The job {job} has no output {name}.")
    if name not in run.outputs:
        return Place(account_of(workspace), CONTAINER, f"{run.folder}/{path}".rstrip("/"))
    place = place_of(cloud, workspace, run.outputs[name].uri)
    return Place(place.account, place.container, place.below(path).rstrip("/"))


def _blob(cloud: Cloud, address: str) -> Place:
    parts = urlsplit(address)
    path = unquote(parts.path).lstrip("/")
    if parts.scheme == "wasbs":
        account, container = (parts.hostname or "").removesuffix(_BLOB_SUFFIX), parts.username or ""
    else:
        account = (parts.hostname or "").removesuffix(_BLOB_SUFFIX)
        container, _, path = path.partition("/")
    if cloud.storage.account(account) is None:
        raise UnknownPlaceError(f"There is no storage account for {address}.")
    return Place(account, container, path)


def _asset_uri(cloud: Cloud, workspace: Resource, address: str) -> str:
    """What an asset's version says of where it is."""
    found = _NAMED.fullmatch(address)
    names = [address.removeprefix("azureml:")]
    if found:
        names = [f"{workspace.id}/{kind}/{found['name']}/versions/{found['version']}" for kind in ("data", "models")]
    for name in names:
        asset = cloud.assets.by_id(name)
        for key in ("dataUri", "modelUri", "codeUri"):
            if asset and key in asset.properties:
                return str(asset.properties[key])
    raise UnknownPlaceError(f"There is nothing at {address}.")
