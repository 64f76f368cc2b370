"""Sources are packed without docstrings and comments, and are the same programs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from stripping import stripped

from tests.extension.launching import ROOT

SOURCES = sorted((ROOT / "src").rglob("*.py"))


def test_docstrings_and_comments_go_and_lines_stay() -> None:
    source = '''"""A module
of two lines."""

import q  # why


class Empty(Exception):
    """Nothing else."""


NAME = "# no comment"
"""Of an attribute."""
'''

    assert stripped(source).splitlines() == [
        '""', "", "", "import q", "", "", "class Empty(Exception):", '    ""', "", "", 'NAME = "# no comment"', '""'
    ]  # fmt: skip


@pytest.mark.parametrize("package", sorted({file.parent for file in SOURCES}), ids=lambda folder: folder.name)
def test_what_is_left_is_the_same_program(package: Path) -> None:
    """All of it begins at the same lines and columns."""
    for file in package.glob("*.py"):
        source = file.read_text(encoding="utf-8")

        assert _program(stripped(source)) == _program(source), file


def _program(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        node.__dict__.update(end_lineno=None, end_col_offset=None)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value.value = ""
    return ast.dump(tree, include_attributes=True)
