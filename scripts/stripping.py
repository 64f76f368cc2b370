"""Python sources without their docstrings and comments, as they are packed: compressed, these are a fifth of all.

Every line keeps its number, so that tracebacks tell where something is in the sources.
"""

from __future__ import annotations

import ast
import io
import tokenize


def stripped(source: str) -> str:
    """The same program. Docstrings are empty afterwards, not gone: a body of nothing else stays a body."""
    lines = source.splitlines()
    for statement in ast.walk(ast.parse(source)):
        if isinstance(statement, ast.Expr) and _is_text(statement.value):
            _empty(lines, statement)
    for token in tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    return "\n".join(lines) + "\n"


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _empty(lines: list[str], statement: ast.Expr) -> None:
    """Leaves an empty text where it began. A text may stand alone on its lines only, which formatting sees to."""
    first, last = statement.lineno - 1, (statement.end_lineno or statement.lineno) - 1
    lines[first] = lines[first][: statement.col_offset] + '""'
    lines[first + 1 : last + 1] = [""] * (last - first)
