"""What is sent with a job: no more than it needs, the same bytes for the same files (0.18, 0.23)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amltasks.errors import UserError
from amltasks.platforms.azureml import snapshot
from amltasks.platforms.azureml.connection import Workspace
from amltasks.platforms.azureml.snapshot import files_of, make_snapshot, write_runner
from amltasks.platforms.base import NotebookRun

PLACE = Workspace(subscription="sub", resource_group="group", name="ws")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inside = ("a.ipynb", "b.ipynb", "helper.py", "data/x.csv", "data/y.parquet")
    for name in (*(f"nb/{name}" for name in inside), "lib/own.py", "top.txt"):
        put(tmp_path / "repo" / name)
    return tmp_path / "repo"


def put(path: Path, text: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def sent(root: Path, *files: str, notebook: str = "nb/a.ipynb") -> list[str]:
    return [path.relative_to(root).as_posix() for path in files_of(run(root, *files, notebook=notebook), root)]


def run(root: Path, *files: str, notebook: str = "nb/a.ipynb") -> NotebookRun:
    source = root / notebook
    return NotebookRun(
        run_id="a",
        source=source,
        notebook=notebook,
        working_directory=source.parent,
        files=tuple(root / file for file in files),
        folder=root / "results" / "a",
    )


def test_the_declared_files_and_no_others(root: Path) -> None:
    assert sent(root, "nb/helper.py", "lib") == ["lib/own.py", "nb/a.ipynb", "nb/helper.py"]


def test_the_notebook_s_folder_where_nothing_is_declared(root: Path) -> None:
    assert sent(root) == ["nb/a.ipynb", "nb/b.ipynb", "nb/data/x.csv", "nb/data/y.parquet", "nb/helper.py"]


def test_ignored_files_stay_here(root: Path) -> None:
    """By the ignore files from the root on; the nearest has the last word, .amlignore before .gitignore."""
    put(root / ".gitignore", "*.csv\n*.parquet\n")
    put(root / "nb" / "data" / ".amlignore", "!y.parquet\n")
    put(root / "nb" / "data" / ".gitignore", "y.parquet\n")

    assert sent(root) == ["nb/a.ipynb", "nb/b.ipynb", "nb/data/y.parquet", "nb/helper.py"]


def test_what_is_declared_is_sent_even_where_it_is_ignored(root: Path) -> None:
    put(root / ".gitignore", "*.csv\n")

    assert "nb/data/x.csv" in sent(root, "nb/data/x.csv")


def test_caches_checkpoints_and_results_stay_here(root: Path) -> None:
    for name in (".git/config", "__pycache__/a.pyc", ".ipynb_checkpoints/a.ipynb", "results/a/executed.ipynb"):
        put(root / name)
    put(root / "at-root.ipynb")

    assert not [name for name in sent(root, notebook="at-root.ipynb") if name.startswith((".git", "__", ".ipy", "res"))]


def test_links_out_of_the_repository_are_not_followed(root: Path, tmp_path: Path) -> None:
    put(tmp_path / "secret.txt")
    (root / "nb" / "link.txt").symlink_to(tmp_path / "secret.txt")

    assert "nb/link.txt" not in sent(root)


@pytest.mark.parametrize(
    ("limit", "value", "sentence"),
    [
        ("MOST_BYTES", 2500, "Most of it: nb/big.bin (2.0 KiB), nb/data/mid.bin (1000 bytes)"),
        ("MOST_FILES", 3, "has 7 files; Azure ML takes 3. Most of it: nb (4 files), nb/data (3 files)"),
    ],
)
def test_too_much_is_refused_with_where_it_is(
    root: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, sentence: str
) -> None:
    put(root / "nb" / "big.bin", "x" * 2048)
    put(root / "nb" / "data" / "mid.bin", "x" * 1000)
    monkeypatch.setattr(snapshot, limit, value)

    with pytest.raises(UserError) as refused:
        sent(root)

    assert sentence in str(refused.value)


def test_the_snapshot_has_the_files_in_place_the_workspace_and_the_runner(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "snapshot"
    folder.mkdir()

    make_snapshot(folder, files_of(run(root, "lib"), root), root, PLACE)

    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert names == [
        ".amltasks/requirements.txt", ".amltasks/runner.zip", ".amltasks/start.py", "config.json", "lib/own.py",
        "nb/a.ipynb",
    ]  # fmt: skip
    assert json.loads((folder / "config.json").read_text()) == {
        "subscription_id": "sub",
        "resource_group": "group",
        "workspace_name": "ws",
    }


def test_a_config_of_the_user_s_own_stays(root: Path, tmp_path: Path) -> None:
    put(root / "config.json", "{}")
    folder = tmp_path / "snapshot"
    folder.mkdir()

    make_snapshot(folder, files_of(run(root, "config.json"), root), root, PLACE)

    assert (folder / "config.json").read_text() == "{}"


def test_the_runner_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    write_runner(tmp_path / "one.zip")
    write_runner(tmp_path / "two.zip")

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
