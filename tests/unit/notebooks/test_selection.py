"""Which notebooks the lines of the input `notebooks` choose."""

from __future__ import annotations

import os
import posixpath
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amltasks.errors import UserError
from amltasks.notebooks.selection import matches, select_notebooks

TREE = (
    "train.ipynb",
    "notes.md",
    "reports/a.ipynb",
    "reports/b.ipynb",
    "reports/2024/old.ipynb",
    "reports/.ipynb_checkpoints/a-checkpoint.ipynb",
    ".hidden/secret.ipynb",
    "[odd]/x.ipynb",
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for name in TREE:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}")
    return root


def chosen(root: Path, *lines: str) -> list[str]:
    return [path.relative_to(root).as_posix() for path in select_notebooks(lines, root)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["train.ipynb"], ["train.ipynb"]),
        (["*.ipynb"], ["train.ipynb"]),
        (["reports/*.ipynb"], ["reports/a.ipynb", "reports/b.ipynb"]),
        (["reports/[!a].ipynb"], ["reports/b.ipynb"]),
        (["reports/?.ipynb"], ["reports/a.ipynb", "reports/b.ipynb"]),
        (["**/old.ipynb"], ["reports/2024/old.ipynb"]),
        (["reports/**/*.ipynb"], ["reports/2024/old.ipynb", "reports/a.ipynb", "reports/b.ipynb"]),
        (["reports"], ["reports/2024/old.ipynb", "reports/a.ipynb", "reports/b.ipynb"]),
        (["./reports/"], ["reports/2024/old.ipynb", "reports/a.ipynb", "reports/b.ipynb"]),
        (["reports/**"], ["reports/2024/old.ipynb", "reports/a.ipynb", "reports/b.ipynb"]),
        (["reports\\*.ipynb"], ["reports/a.ipynb", "reports/b.ipynb"]),
        ([".hidden/*.ipynb"], [".hidden/secret.ipynb"]),
        (["**/.ipynb_checkpoints/*"], ["reports/.ipynb_checkpoints/a-checkpoint.ipynb"]),
        (["[odd]/x.ipynb"], ["[odd]/x.ipynb"]),
        (["# a comment", "", "  train.ipynb  "], ["train.ipynb"]),
        (["train.ipynb\nreports/a.ipynb"], ["reports/a.ipynb", "train.ipynb"]),
        (["train.ipynb", "*.ipynb", "train.ipynb"], ["train.ipynb"]),
        (["notes.md"], ["notes.md"]),
    ],
)
def test_paths_and_patterns(tree: Path, lines: list[str], expected: list[str]) -> None:
    """Sorted, each once; hidden names only where the line writes the dot; both slashes do."""
    assert chosen(tree, *lines) == expected


def test_everything_leaves_hidden_folders_out(tree: Path) -> None:
    assert ".hidden/secret.ipynb" not in chosen(tree, "**")
    assert not [name for name in chosen(tree, "**/*.ipynb") if "checkpoints" in name]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["reports/**", "!reports/2024"], ["reports/a.ipynb", "reports/b.ipynb"]),
        (["reports/**", "!**/[ab].ipynb"], ["reports/2024/old.ipynb"]),
        (["reports/*.ipynb", "!reports/*", "reports/b.ipynb"], ["reports/b.ipynb"]),
        (["!reports/*", "reports/*.ipynb"], ["reports/a.ipynb", "reports/b.ipynb"]),
        (["reports/*.ipynb", "!nothing-of-this-name"], ["reports/a.ipynb", "reports/b.ipynb"]),
    ],
)
def test_later_lines_win_over_earlier_ones(tree: Path, lines: list[str], expected: list[str]) -> None:
    assert chosen(tree, *lines) == expected


def test_absolute_paths_inside_are_understood(tree: Path) -> None:
    """$(Build.SourcesDirectory)/… is what many pipelines write."""
    assert chosen(tree, f"{tree}/reports/*.ipynb") == ["reports/a.ipynb", "reports/b.ipynb"]


@pytest.mark.parametrize("line", ["../other/*.ipynb", "/etc/passwd", "reports/../../x.ipynb", "C:\\x\\*.ipynb"])
def test_a_line_that_leaves_the_repository_is_refused(tree: Path, line: str) -> None:
    with pytest.raises(UserError, match=r"line 2, .* leads out of the repository"):
        chosen(tree, "train.ipynb", line)


@pytest.mark.parametrize(
    ("line", "near"), [("report/a.ipynb", "reports/a.ipynb"), ("a.ipynb", "reports/a.ipynb"), ("tran.ipynb", "train")]
)
def test_a_line_that_matches_nothing_is_named_with_the_nearest_names(tree: Path, line: str, near: str) -> None:
    with pytest.raises(UserError) as caught:
        chosen(tree, "train.ipynb", line)
    assert f"line 2, '{line}', matches no notebook" in str(caught.value)
    assert near in str(caught.value)


def test_a_repository_without_notebooks_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is none"):
        chosen(tmp_path, "**")


@pytest.mark.parametrize("lines", [[], ["# only a comment"], ["!x.ipynb"]])
def test_no_line_at_all_is_an_error(tree: Path, lines: list[str]) -> None:
    with pytest.raises(UserError, match="no line says which"):
        chosen(tree, *lines)


def test_excluding_everything_is_an_error(tree: Path) -> None:
    with pytest.raises(UserError, match="take away every notebook"):
        chosen(tree, "**", "!**")


def test_linked_folders_are_not_descended_into(tmp_path: Path) -> None:
    """Loops end, and nothing outside is found; a link to a file is a matter for reading."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.ipynb").write_text("{}")
    root = tmp_path / "root"
    root.mkdir()
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "out").symlink_to(outside, target_is_directory=True)
    (root / "self.ipynb").symlink_to(root / "self.ipynb")
    assert chosen(root, "**") == ["self.ipynb"]


def test_hostile_names_are_chosen_like_others(tmp_path: Path) -> None:
    names = ["new\nline.ipynb", "##vso[task.complete].ipynb", "-rf.ipynb", "{a,b}.ipynb", "$(x).ipynb"]
    for name in names:
        (tmp_path / name).write_text("{}")
    assert chosen(tmp_path, "*") == sorted(names)
    assert chosen(tmp_path, "##vso[task.complete].ipynb") == ["##vso[task.complete].ipynb"]


def test_folders_thousands_of_levels_deep_are_walked(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(1100):
            os.mkdir("d", dir_fd=here)  # the path as a whole would be too long
            inner = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
    finally:
        os.close(here)
    (tmp_path / "top.ipynb").write_text("{}")
    try:
        assert chosen(tmp_path, "**") == ["top.ipynb"]
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # too deep for Python's own removal


segments = st.sampled_from(["a", "b", ".c", "a.ipynb", "x.ipynb"])


@given(parts=st.lists(segments, min_size=1, max_size=4))
def test_a_path_matches_itself_and_the_folders_above(parts: list[str]) -> None:
    path = "/".join(parts)
    for depth in range(1, len(parts) + 1):
        assert matches("/".join(parts[:depth]), path)


@given(
    files=st.sets(st.lists(segments.filter(lambda name: name != "b"), min_size=1, max_size=3).map(tuple), max_size=6),
    lines=st.lists(st.sampled_from(["**", "*.ipynb", "a/**", "!a", "!**/x.ipynb", ".c/*", "a/*", "!*"]), max_size=4),
)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_chosen_exists_inside_is_sorted_and_unique(
    tmp_path_factory: pytest.TempPathFactory, files: set[tuple[str, ...]], lines: list[str]
) -> None:
    root = tmp_path_factory.mktemp("any")
    for parts in files:
        try:
            (root / "/".join(parts)).parent.mkdir(parents=True, exist_ok=True)
            (root / "/".join(parts)).write_text("{}")
        except OSError:
            continue  # a name is both file and folder here
    try:
        paths = select_notebooks(lines, root)
    except UserError:
        return
    names = [posixpath.relpath(path, root) for path in paths]
    assert names == sorted(set(names))
    assert all((root / name).is_file() and name.endswith(".ipynb") for name in names)
