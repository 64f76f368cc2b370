"""The key of a result: what changes it, and what does not."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import amltasks.past.key
from amltasks.notebooks.kernels import Interpreter
from amltasks.past.digests import NotReusableError
from amltasks.past.environment import Environment, environment_of
from amltasks.past.key import Keys
from amltasks.platforms.base import NotebookRun
from tests.notebooks.running import code, markdown, notebook_python, write_notebook

# No kernel is started: one that says it has ipykernel is asked faster than one that has it, with all it needs.
PYTHON = str(Path(sys.base_prefix) / ("python.exe" if os.name == "nt" else "bin/python3"))
CELLS = [markdown("# Title"), code("alpha = 1", "parameters"), code("import helper\nhelper.f(alpha)")]


@dataclass
class Scene:
    """A repository with one notebook, a module, a data file, and a package installed beside Python's own."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cells(CELLS)
        self.write("repo/nb/helper.py", "import deeper")
        self.write("repo/lib/deeper.py", "x = 1")
        self.write("repo/lib/unused.py", "x = 1")
        self.write("repo/data/a.csv", "1,2")
        self.write("repo/data/b/c.csv", "3,4")
        self.write("repo/loose.csv", "5")
        self.package("ipykernel", "7.0.0")
        self.package("demo", "1.0")
        self.settings = {"files": (self.root / "data",), "environment": {"TOKEN": "s3cret"}, "variables": ("STAGE",)}

    @property
    def root(self) -> Path:
        return self.folder / "repo"

    @property
    def site(self) -> Path:
        return self.folder / "site"

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def cells(self, cells: list[dict[str, Any]], **metadata: Any) -> None:
        (self.root / "nb").mkdir(parents=True, exist_ok=True)
        write_notebook(self.root / "nb" / "train.ipynb", cells, **metadata)

    def package(self, name: str, version: str, direct: dict[str, Any] | None = None, record: str = "") -> None:
        info = f"site/{name}.dist-info"
        self.write(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        self.write(f"{info}/RECORD", record)
        if direct:
            self.write(f"{info}/direct_url.json", json.dumps(direct))

    def run(self, **settings: Any) -> NotebookRun:
        source = self.root / "nb" / "train.ipynb"
        given = {"parameters": {"alpha": 2}, "python": PYTHON, **self.settings, **settings}
        where = {"working_directory": source.parent, "folder": self.folder, **given}
        return NotebookRun(run_id="nb.train", source=source, notebook="nb/train.ipynb", **where)

    def keys(self, salt: bytes = b"salt") -> Keys:
        return Keys(self.root, salt, ())

    def key(self, **settings: Any) -> str:
        return self.keys().of(self.run(**settings)).text


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    monkeypatch.setenv("STAGE", "test")
    return Scene(tmp_path)


def other_version(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amltasks.past.key, "__version__", "99.0.0")


def other_variable(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", "production")


def other_zone(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")


Change = Callable[[Scene, pytest.MonkeyPatch], Any]
COUNTS: dict[str, Change] = {
    "code": lambda s, _: s.cells([*CELLS[:2], code("import helper\nhelper.f(alpha) # changed")]),
    "order of cells": lambda s, _: s.cells([CELLS[0], CELLS[2], CELLS[1]]),
    "one more cell": lambda s, _: s.cells([*CELLS, code("1")]),
    "tags": lambda s, _: s.cells([*CELLS[:2], code(CELLS[2]["source"], "raises-exception")]),
    "value of a parameter": lambda s, _: s.settings.update(parameters={"alpha": 3}),
    "type of a parameter": lambda s, _: s.settings.update(parameters={"alpha": "2"}),
    "one more parameter": lambda s, _: s.settings.update(parameters={"alpha": 2, "beta": 1}),
    "value of a secret": lambda s, _: s.settings.update(environment={"TOKEN": "other"}),
    "name of a secret": lambda s, _: s.settings.update(environment={"KEY": "s3cret"}),
    "declared variable": other_variable,
    "one more declared variable": lambda s, _: s.settings.update(variables=("STAGE", "HOME")),
    "time zone": other_zone,
    "declared file": lambda s, _: s.write("repo/data/b/c.csv", "3,5"),
    "new file in a declared folder": lambda s, _: s.write("repo/data/d.csv", ""),
    "moved file in a declared folder": lambda s, _: (s.root / "data/a.csv").rename(s.root / "data/z.csv"),
    "imported module": lambda s, _: s.write("repo/nb/helper.py", "import deeper as d"),
    "module imported by that": lambda s, _: s.write("repo/lib/deeper.py", "x = 2"),
    "new module of that name": lambda s, _: s.write("repo/other/helper.py", ""),
    "version of a package": lambda s, _: s.package("demo", "1.1"),
    "one more package": lambda s, _: s.package("extra", "0.1"),
    "commit of a package": lambda s, _: s.package("demo", "1.0", {"url": "git+x", "vcs_info": {"commit_id": "ab"}}),
    "content of a package from a folder": lambda s, _: s.package(
        "demo", "1.0", {"url": "file:///x"}, "d.py,sha256=1,1"
    ),
    "working directory": lambda s, _: s.settings.update(working_directory=s.root),
    "our own version": other_version,
}
DOES_NOT: dict[str, Change] = {
    "nothing": lambda s, _: None,
    "prose": lambda s, _: s.cells([markdown("# Another title"), markdown("More."), *CELLS[1:]]),
    "stored outputs": lambda s, _: s.cells([*CELLS[:2], {**CELLS[2], "execution_count": 7}]),
    "metadata of the notebook": lambda s, _: s.cells(CELLS, toc={"show": True}),
    "time-outs": lambda s, _: s.settings.update(cell_timeout=1.0, notebook_timeout=2.0),
    "owner and set": lambda s, _: s.settings.update(owner="Somebody", parameter_set="weak"),
    "an undeclared file": lambda s, _: s.write("repo/loose.csv", "6"),
    "a module that is not imported": lambda s, _: s.write("repo/lib/unused.py", "x = 2"),
    "compiled modules": lambda s, _: s.write("repo/lib/__pycache__/deeper.pyc", "x"),
    "where a package was installed from": lambda s, _: s.package("demo", "1.0", {"url": "file:///y"}),
}


def after(change: Change, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The keys before and after."""
    before = scene.key()
    change(scene, monkeypatch)
    return before, scene.key()


@pytest.mark.parametrize("what", COUNTS)
def test_a_change_of_what_counts_changes_the_key(what: str, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    before, now = after(COUNTS[what], scene, monkeypatch)

    assert now != before


@pytest.mark.parametrize("what", DOES_NOT)
def test_a_change_of_what_does_not_count_leaves_it(what: str, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    if "installed from" in what:
        scene.package("demo", "1.0", {"url": "file:///x"})
    before, now = after(DOES_NOT[what], scene, monkeypatch)

    assert now == before


def test_the_same_repository_elsewhere_has_the_same_key(scene: Scene, tmp_path: Path) -> None:
    """As another agent checks it out."""
    before = scene.key()
    scene.root.rename(tmp_path / "moved")
    (tmp_path / "moved").rename(tmp_path / "other")
    moved = Keys(tmp_path / "other", b"salt", ())
    run = scene.run()
    run = run.model_copy(
        update={
            "source": tmp_path / "other/nb/train.ipynb",
            "working_directory": tmp_path / "other/nb",
            "files": (tmp_path / "other/data",),
        }
    )

    assert moved.of(run).text == before


def test_keys_of_two_folders_of_results_cannot_be_compared(scene: Scene) -> None:
    """The salt is that of the folder: nobody looks up the fingerprint of a usual password."""
    assert scene.keys(b"one").of(scene.run()).text != scene.keys(b"two").of(scene.run()).text


def test_a_module_of_an_editable_package_counts_when_it_is_imported(scene: Scene) -> None:
    scene.write("sources/edited.py", "x = 1")
    scene.package("edited", "1.0", {"url": (scene.folder / "sources").as_uri(), "dir_info": {"editable": True}})
    unrelated = scene.key()
    scene.cells([code("import edited")])
    imported = scene.key()

    scene.write("sources/edited.py", "x = 2")

    assert scene.key() != imported
    scene.cells(CELLS)
    assert scene.key() == unrelated


def test_what_changes_while_a_notebook_runs_is_seen(scene: Scene) -> None:
    keys = scene.keys()
    key = keys.of(scene.run())
    assert keys.holds(key)

    scene.write("repo/lib/deeper.py", "x = 'changed'")

    assert not keys.holds(key)


@pytest.mark.parametrize(
    ("cells", "settings", "why"),
    [
        ([code("%pip install rich")], {}, "it installs packages"),
        ([code("1")], {"python": "/nowhere/python"}, "its Python .* does not tell which packages it has"),
        ([code("1")], {"kernel": "ir"}, '"ir" is not installed'),
    ],
)
def test_what_cannot_be_known_is_not_reused(cells: Any, settings: dict[str, Any], why: str, scene: Scene) -> None:
    scene.cells(cells)

    with pytest.raises(NotReusableError, match=why):
        scene.key(**settings)


def test_a_file_that_cannot_be_read_is_not_reused(scene: Scene) -> None:
    (scene.root / "data" / "a.csv").unlink()
    (scene.root / "data" / "a.csv").symlink_to(scene.root / "data")
    os.mkfifo(scene.root / "data" / "pipe")  # never waited for

    assert scene.key()


@pytest.mark.skipif(not Path(notebook_python()).exists(), reason="no interpreter for notebooks")
def test_an_environment_names_its_interpreter_and_packages(tmp_path: Path) -> None:
    found = environment_of(notebook_python(), os.environ, tmp_path)

    assert isinstance(found, Environment)
    assert isinstance(found.interpreter, Interpreter)
    assert found.interpreter.ipykernel
    assert any(name == "numpy" for name, *_ in found.lock[1])
    assert not any(path.is_relative_to(Path(sys.prefix)) for path in found.loose)
