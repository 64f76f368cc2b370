"""Extensions that are installed: what they contribute to the pages, and their files that a browser may ask for."""

from __future__ import annotations

import hashlib
import json
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from sandbox.store import Document, Store, Table

BUILD_TAB = "ms.vss-build-web.build-results-tab"
TAB = "ms.vss-web.tab"
RELEASE_TAB = "ms.vss-releaseManagement-web.release-summary-tab"
BUILD_VIEW = "ms.vss-build-web.build-results-view"
TEST_RESULT_VIEW = "ms.vss-test-web.test-result-details-tab-items"
RELEASE_VIEW = "ms.vss-releaseManagement-web.release-details-view"
PLACES = {BUILD_VIEW: BUILD_TAB, TEST_RESULT_VIEW: TAB, RELEASE_VIEW: RELEASE_TAB}  # target → type that is shown there


class Contribution(Document):
    """A tab. id: `publisher.extension.contribution`; tasks: a build must have a step of one, unless there are none."""

    id: str
    target: str
    name: str
    uri: str
    order: int = 0
    tasks: tuple[str, ...] = ()


class Extension(Document):
    """id: `publisher.extension`; stamp: changes with the package; files: path → content type, only addressable ones."""

    id: str
    publisher: str
    name: str
    version: str
    stamp: str
    scopes: tuple[str, ...] = ()
    tabs: tuple[Contribution, ...] = ()
    files: dict[str, str] = {}

    @property
    def short_id(self) -> str:
        return self.id.removeprefix(f"{self.publisher}.")


class Extensions:
    """All that are installed, with their files: whoever opens the state later sees the same."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._table = Table(store, "extension", Extension)

    def install(self, package: Path) -> Extension | None:
        """Install a .vsix, in place of an earlier version. ValueError where it cannot be: says why.

        None where the package does not say whose it is: it can have tasks, but no pages.
        """
        try:
            with zipfile.ZipFile(package) as archive:
                if "extension.vsixmanifest" not in archive.namelist():
                    return None
                extension = _read(archive, hashlib.sha256(package.read_bytes()).hexdigest()[:12])
                contents = {path: archive.read(path) for path in extension.files}
        except (zipfile.BadZipFile, ElementTree.ParseError, KeyError) as error:
            raise ValueError(f"{package}: not an extension that can be installed: {error!r}") from error
        for tab in extension.tabs:
            if tab.uri.split("?")[0] not in extension.files:
                raise ValueError(f"{package}: {tab.id} shows {tab.uri}, no addressable file of the package")
        with self._store.changing():
            self._store.erase(f"extension/{extension.id}/")
            for path, content in contents.items():
                self._store.write(f"extension/{extension.id}/{path}", content)
            self._table.put("", extension.id, extension)
        return extension

    def all(self) -> list[Extension]:
        return self._table.all("")

    def get(self, extension_id: str) -> Extension | None:
        return next((each for each in self.all() if each.id.lower() == extension_id.lower()), None)

    def tabs(self, target: str) -> list[Contribution]:
        """What is contributed to a page, in its order."""
        found = [tab for extension in self.all() for tab in extension.tabs if tab.target == target]
        return sorted(found, key=lambda tab: tab.order)

    def owner(self, tab: Contribution) -> Extension:
        return next(extension for extension in self.all() if tab in extension.tabs)

    def file(self, extension: Extension, path: str) -> bytes:
        """An addressable file; KeyError where there is none of this path."""
        if path not in extension.files:
            raise KeyError(path)
        return self._store.read(f"extension/{extension.id}/{path}")


def _read(archive: zipfile.ZipFile, stamp: str) -> Extension:
    manifest = json.loads(archive.read("extension.vsomanifest").decode("utf-8-sig"))
    package = ElementTree.fromstring(archive.read("extension.vsixmanifest"))
    identity = next(_nodes(package, "Identity"))
    publisher, name = str(identity.get("Publisher")), str(identity.get("Id"))
    return Extension(
        id=f"{publisher}.{name}",
        publisher=publisher,
        name=next((str(node.text) for node in _nodes(package, "DisplayName")), name),
        version=str(identity.get("Version")),
        stamp=stamp,
        scopes=tuple(manifest.get("scopes", ())),
        tabs=tuple(_tabs(manifest, f"{publisher}.{name}")),
        files=dict(_addressable(archive, package)),
    )


def _tabs(manifest: dict[str, Any], extension_id: str) -> Iterator[Contribution]:
    for contribution in manifest.get("contributions", []):
        for target in contribution.get("targets", []):
            if PLACES.get(target) == contribution.get("type"):
                properties = contribution["properties"]
                yield Contribution(
                    id=f"{extension_id}.{contribution['id']}",
                    target=target,
                    name=properties["name"],
                    uri=properties["uri"],
                    order=properties.get("order", 0),
                    tasks=tuple(task.lower() for task in properties.get("supportsTasks", ())),
                )


def _addressable(archive: zipfile.ZipFile, package: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Path and content type of each file that the package's manifest gives to browsers."""
    types = ElementTree.fromstring(archive.read("[Content_Types].xml"))
    by_suffix = {str(node.get("Extension")).lstrip("."): node.get("ContentType") for node in _nodes(types, "Default")}
    by_path = {str(node.get("PartName")).lstrip("/"): node.get("ContentType") for node in _nodes(types, "Override")}
    for asset in _nodes(package, "Asset"):
        path = str(asset.get("Path")).lstrip("/")
        if asset.get("Addressable") == "true":
            suffix = PurePosixPath(path).suffix.lstrip(".")
            yield path, by_path.get(path) or by_suffix.get(suffix) or "application/octet-stream"


def _nodes(root: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (node for node in root.iter() if node.tag.rpartition("}")[2] == name)
