"""What is kept of an extension that is installed, and which packages are refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from sandbox.extensions import BUILD_TAB, BUILD_VIEW
from sandbox.world import World
from tests.sandbox.hosting.packages import pack, tab

TABS = [tab("results", BUILD_VIEW, BUILD_TAB, tasks=["ABCD"])]


def test_an_installed_extension_is_there_again_when_the_state_is_opened_anew(tmp_path: Path) -> None:
    world = World.open(tmp_path / "state.sqlite")
    world.extensions.install(pack(tmp_path / "a.vsix", TABS, ["vso.build"], "first"))
    world.close()

    again = World.open(tmp_path / "state.sqlite")
    [extension] = again.extensions.all()

    assert (extension.id, extension.version, extension.scopes) == ("acme.probe", "1.2.3", ("vso.build",))
    assert [(each.id, each.tasks) for each in again.extensions.tabs(BUILD_VIEW)] == [("acme.probe.results", ("abcd",))]
    assert again.extensions.file(extension, "page/probe.js") == b"first"
    again.close()


def test_a_newer_package_takes_the_place_of_the_older_one(tmp_path: Path) -> None:
    world = World.open()
    first = world.extensions.install(pack(tmp_path / "a.vsix", TABS, [], "first"))
    second = world.extensions.install(pack(tmp_path / "b.vsix", [], [], "second"))

    assert first is not None
    assert second is not None
    assert first.stamp != second.stamp
    assert world.extensions.all() == [second]
    assert world.extensions.tabs(BUILD_VIEW) == []
    assert world.extensions.file(second, "page/probe.js") == b"second"
    world.close()


def test_a_package_of_tasks_alone_has_no_pages(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "tasks.vsix", "w") as archive:
        archive.writestr("extension.vsomanifest", "{}")
    world = World.open()

    assert world.extensions.install(tmp_path / "tasks.vsix") is None
    assert world.extensions.all() == []
    world.close()


def test_what_cannot_be_shown_is_refused_by_name(tmp_path: Path) -> None:
    world = World.open()
    hidden = pack(tmp_path / "hidden.vsix", [tab("results", BUILD_VIEW, BUILD_TAB, uri="secret.txt")], [], "")
    (tmp_path / "text.vsix").write_text("no package")

    with pytest.raises(ValueError, match=r"acme.probe.results shows secret.txt, no addressable file of the package"):
        world.extensions.install(hidden)
    with pytest.raises(ValueError, match=r"text.vsix: not an extension that can be installed"):
        world.extensions.install(tmp_path / "text.vsix")
    assert world.extensions.all() == []
    world.close()
