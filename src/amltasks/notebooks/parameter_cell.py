"""Whether parameters fit a notebook, told before a kernel starts.

papermill writes the values into a cell of their own after the one tagged `parameters`. It neither refuses names that
the notebook does not know nor values of another type, and pastes a name as it is: all that is checked here.
"""

from __future__ import annotations

import ast
import keyword
import logging
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from amltasks.errors import UserError
from amltasks.notebooks.cells import INJECTED, tags
from amltasks.notebooks.parameter_types import Fit, fit_default, fit_type, type_from_text
from amltasks.quoting import listed, nearest, quoted

_TAG = "parameters"
_MAGIC_LINE = re.compile(r"^([^\S\n]*)(?:[%!?].*|[\w.]+\?\??)$", re.MULTILINE)
_MAGIC_VALUE = re.compile(r"^([^\S\n]*[\w, ]+=[^\S\n]*)[%!].*$", re.MULTILINE)
_WORD = re.compile(r"[^\W\d][\w.]*")
# Assignments of R, Julia, Scala, C#, F#, PowerShell and the like: `a = 1`, `a <- 1`, `val a: Int = 1`, `$a = 1`.
_ASSIGNED = re.compile(
    r"^\s*(?:(?:val|var|let|const|mutable|global|local)\s+)*\$?([^\W\d][\w.]*)\s*(?::\s*[\w.]+\s*)?(?:=(?!=)|<-|:=)"
)


@dataclass(frozen=True)
class _Declared:
    """A name that the parameters cell assigns, with what is known of its type."""

    annotation: ast.expr | None = None
    default: ast.expr | None = None


def check_parameters(
    notebook: NotebookNode, parameters: Mapping[str, Any], *, language: str | None = None
) -> tuple[str, ...]:
    """What a person should know about the parameters, a sentence each; UserError where they do not fit.

    language: of the kernel, where it is not the one that the notebook names.
    """
    injected = _tagged(notebook, INJECTED)
    if not parameters:
        if injected:
            return (
                f"Cell {injected[0]} holds parameters that an earlier papermill run left; they are used as they are.",
            )
        return ()
    index, source = _parameters_cell(notebook, injected)
    language = language or _language(notebook)
    notes = (
        [f"The parameters that an earlier papermill run left in cell {injected[0]} are replaced."] if injected else []
    )
    if language.lower() in ("python", "python3", "ipython"):
        declared = _declared_in_python(source, index)
        for name, value in parameters.items():
            notes += _check_python(name, value, declared, index)
    else:
        for name in parameters:
            _check_other(name, source, index, language)
    _check_translation(parameters, language)
    return tuple(notes)


def _tagged(notebook: NotebookNode, tag: str) -> list[int]:
    return [index for index, cell in enumerate(notebook.cells) if tag in tags(cell)]


def _parameters_cell(notebook: NotebookNode, injected: list[int]) -> tuple[int, str]:
    """Index and source of the one cell whose defaults papermill overrides."""
    tagged = _tagged(notebook, _TAG)
    if not tagged:
        raise UserError(
            "Parameters are given, but no cell is tagged 'parameters': add this tag to the code cell that assigns "
            "their defaults (in Jupyter: property inspector, Cell Tags)."
        )
    if len(tagged) > 1:
        raise UserError(
            f"Cells {', '.join(map(str, tagged))} are tagged 'parameters', and the later ones would overwrite the "
            "values given: tag one cell only."
        )
    cell = notebook.cells[tagged[0]]
    if cell.cell_type != "code":
        raise UserError(
            f"The tag 'parameters' is on cell {tagged[0]}, which is {cell.cell_type}: move it to the code cell that "
            "assigns the defaults."
        )
    if injected and injected[0] < tagged[0]:
        raise UserError(
            f"Cell {injected[0]}, left by an earlier papermill run, lies before the cell tagged 'parameters', which "
            "would overwrite the values given: delete it."
        )
    return tagged[0], cell.source


def _language(notebook: NotebookNode) -> str:
    metadata = notebook.metadata
    named = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name")
    return named if isinstance(named, str) else "python"


# ---------------------------------------------------------------------------------------------------------- Python


def _check_python(name: str, value: Any, declared: dict[str, _Declared], index: int) -> Iterator[str]:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UserError(f"The parameter name {quoted(name)} is not a Python identifier.")
    found = declared.get(unicodedata.normalize("NFKC", name))
    if found is None:
        raise UserError(_unknown(name, declared, index))
    if value is None and isinstance(found.default, ast.Constant) and found.default.value is None:
        return
    fit = fit_type(value, found.annotation) if found.annotation else Fit.UNKNOWN
    if fit is Fit.UNKNOWN and found.default is not None:
        fit = fit_default(value, found.default)
    if fit is Fit.NO:
        expected = ast.unparse(found.annotation or found.default or ast.Constant(None))
        says = "is declared as" if found.annotation else "has the default"
        hint = ""
        if isinstance(value, (int, float)) and expected.startswith(("str", "'")):
            hint = "; write it in quotation marks to pass text"
        raise UserError(f"The parameter {quoted(name)} {says} {_short(expected)}, but {_shown(value)} is given{hint}.")
    if fit is Fit.WIDENED:
        yield f"The parameter {quoted(name)} has a whole number as default, and {_shown(value)} is given."


def _declared_in_python(source: str, index: int) -> dict[str, _Declared]:
    plain = _MAGIC_VALUE.sub(r"\1None", _MAGIC_LINE.sub(r"\1pass", source))
    try:
        module = ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else str(error)
        raise UserError(f"The parameters cell (cell {index}) is not valid Python: {line}.") from None
    declared: dict[str, _Declared] = {}
    for target, annotation, default in _assignments(module.body):
        if isinstance(target, ast.Name):
            declared[target.id] = _Declared(annotation, default)
        else:
            names = (
                node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            )
            declared.update((name, _Declared()) for name in names)
    for name, text in _inferred_by_papermill(plain).items():
        if name in declared and declared[name].annotation is None:
            declared[name] = _Declared(type_from_text(text), declared[name].default)
    return declared


def _assignments(body: list[ast.stmt]) -> Iterator[tuple[ast.expr, ast.expr | None, ast.expr | None]]:
    """(target, annotation, value) of what is assigned, also in branches, not in functions and classes."""
    pending: list[ast.AST] = list(reversed(body))
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield target, None, node.value
        elif isinstance(node, ast.AnnAssign):
            yield node.target, node.annotation, node.value
        elif isinstance(node, (ast.For, ast.With, ast.If, ast.Try, ast.While)):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr) and isinstance(node, ast.For):
                    yield child, None, None
            pending.extend(reversed([child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)]))
        elif isinstance(node, ast.ExceptHandler):
            pending.extend(reversed(node.body))


def _inferred_by_papermill(source: str) -> dict[str, str]:
    """Type names by parameter, where papermill's inspection finds one: annotations and `# type:` comments."""
    from papermill.translators import PythonTranslator  # slow to import, and needed for notebooks with parameters only

    logging.getLogger("papermill.translators").setLevel(logging.ERROR)  # it warns of lines it cannot parse
    inferred = PythonTranslator.inspect({"source": source})
    return {item.name: item.inferred_type_name for item in inferred if item.inferred_type_name != "None"}


# -------------------------------------------------------------------------------------------------- other languages


def _check_other(name: str, source: str, index: int, language: str) -> None:
    allowed = r"[^\W\d_][\w.]*" if language.lower() == "r" else r"[^\W\d_]\w*"
    if not re.fullmatch(allowed, name):
        raise UserError(f"The parameter name {quoted(name)} is not an identifier of {language}.")
    assigned = {match[1] for line in source.splitlines() if (match := _ASSIGNED.match(line))}
    if name not in assigned and name not in _WORD.findall(source):
        raise UserError(_unknown(name, assigned, index))


def _check_translation(parameters: Mapping[str, Any], language: str) -> None:
    from papermill.exceptions import PapermillException
    from papermill.translators import translate_parameters

    for name, value in parameters.items():
        try:
            translate_parameters(language, language, {name: value}, "Parameters")
        except (PapermillException, NotImplementedError, TypeError, ValueError):
            raise UserError(
                f"The parameter {quoted(name)} with the value {_shown(value)} cannot be written in {quoted(language)}."
            ) from None


def _unknown(name: str, known: Mapping[str, Any] | set[str], index: int) -> str:
    there = f"it assigns {listed(known)}" if known else "it assigns nothing"
    return f"The parameters cell (cell {index}) has no {quoted(name)}{nearest(name, known) or f': {there}'}."


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _shown(value: Any) -> str:
    return _short(repr(value))
