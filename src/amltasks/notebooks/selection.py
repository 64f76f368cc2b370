"""Which notebooks: lines of paths and globs, as in a .gitignore a later line wins over an earlier one.

    examples/**          every notebook below a folder (`examples/` and `examples` mean the same)
    *.ipynb              * ? [a-z] match within one name, ** any number of folders
    !examples/slow*      takes away what lines above have chosen
    # a comment

Paths are relative to the repository's root; both slashes do. Names that begin with a dot (.ipynb_checkpoints among
them) are matched only where the line writes the dot. A line that is the path of an existing file means that file,
whatever characters are in it. Wildcards choose *.ipynb only, and do not descend into linked folders.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from amltasks.errors import UserError
from amltasks.quoting import listed, quoted

_WILDCARD = re.compile(r"[*?\[]")
_FLAGS = re.IGNORECASE if os.name == "nt" else 0
_PIECES = re.compile(r"(\*+|\?|\[!?\]?[^\]]+\])")
_SUGGESTIONS_FROM = 5000  # notebooks looked at for the nearest names


@dataclass(frozen=True)
class _Line:
    number: int
    text: str
    pattern: str  # POSIX form, relative to the root, without `!`
    excludes: bool


def select_notebooks(patterns: Sequence[str], root: Path) -> tuple[Path, ...]:
    """The files chosen by the lines, sorted by their path from `root`, each once; every path begins with `root`.

    Nothing is opened: what a file holds, and where a link leads, is for `read_notebook` to judge.
    Raises UserError where a line matches nothing (with the nearest names that exist) or leaves the root.
    """
    lines = list(_lines(patterns, root))
    if not any(not line.excludes for line in lines):
        raise UserError("notebooks: no line says which notebooks to run; write for example **/*.ipynb.")
    chosen: set[str] = set()
    for line in lines:
        if line.excludes:
            excluded = _expression(line.pattern, hidden=True, below=True)
            chosen = {name for name in chosen if not excluded.fullmatch(name)}
        else:
            found = set(_matching(line.pattern, root))
            if not found:
                raise UserError(_matches_nothing(line, root))
            chosen |= found
    if not chosen:
        raise UserError("notebooks: the lines with ! take away every notebook that the others choose.")
    return tuple(root / name for name in sorted(chosen))


def matches(pattern: str, name: str) -> bool:
    """Whether the path from the root, POSIX form, is matched by the pattern, or lies below the folder it names."""
    return _expression(_posix(pattern), hidden=False, below=True).fullmatch(name) is not None


def is_pattern(text: str) -> bool:
    """Whether the text has wildcards, that is, may match many paths or none."""
    return _WILDCARD.search(text) is not None


def _lines(patterns: Sequence[str], root: Path) -> Iterator[_Line]:
    texts = (text for pattern in patterns for text in pattern.split("\n"))
    for number, line in enumerate(texts, 1):
        text = line.strip()
        if not text or (text.startswith("#") and not os.path.lexists(root / text)):
            continue
        excludes = text.startswith("!")
        written = text[1:].strip() if excludes else text
        pattern = written if not excludes and _is_file(root / written) else _posix(written)
        yield _Line(number, text, _from_root(pattern, root, number, text), excludes)


def _posix(pattern: str) -> str:
    return posixpath.normpath(pattern.replace("\\", "/"))


def _from_root(pattern: str, root: Path, number: int, text: str) -> str:
    """The pattern relative to the root: absolute ones are common, as $(Build.SourcesDirectory)/…"""
    base = root.resolve().as_posix()
    for prefix in (root.as_posix(), base):
        folder = prefix.rstrip("/") + "/"
        if os.path.normcase(pattern + "/").startswith(os.path.normcase(folder)):
            return pattern[len(folder) :] or "."
    if posixpath.isabs(pattern) or re.match(r"[A-Za-z]:/", pattern) or pattern.split("/")[0] == "..":
        raise UserError(f"notebooks: line {number}, {quoted(text)}, leads out of the repository ({quoted(base)}).")
    return pattern


def _matching(pattern: str, root: Path) -> Iterator[str]:
    if _is_file(root / pattern):
        yield pattern
        return
    if (root / pattern).is_dir() or pattern.endswith("**"):
        pattern = posixpath.normpath(posixpath.join(pattern, "**/*.ipynb"))
    elif not _WILDCARD.search(pattern):
        return
    expression = _expression(pattern, hidden=False, below=False)
    start = "/".join(_literal_folders(pattern))
    names_hidden = any(part.startswith(".") for part in pattern.split("/"))
    for name in _walk(root, start, hidden=names_hidden):
        if expression.fullmatch(name) and name.lower().endswith(".ipynb"):
            yield name


def _is_file(path: Path) -> bool:
    """Whether something is there that is not a folder: a file, a link (broken ones too), a pipe."""
    try:
        return os.path.lexists(path) and not path.is_dir()
    except (OSError, ValueError):  # too long a name, a NUL
        return False


def _literal_folders(pattern: str) -> Iterator[str]:
    for part in pattern.split("/")[:-1]:
        if _WILDCARD.search(part):
            return
        yield part


def _expression(pattern: str, *, hidden: bool, below: bool) -> re.Pattern[str]:
    """hidden: wildcards match a leading dot, too. below: what lies in a folder that matches, matches."""
    dot = "" if hidden else r"(?!\.)"
    translated = ""
    parts = pattern.split("/")
    for part in parts[:-1]:
        translated += f"(?:{dot}[^/]+/)*" if part == "**" else f"{_one_name(part, dot)}/"
    return re.compile(translated + _one_name(parts[-1], dot) + ("(?:/.*)?" if below else ""), _FLAGS | re.DOTALL)


def _one_name(part: str, dot: str) -> str:
    """The expression for one name of a path."""
    translated = "" if part.startswith(".") else dot
    for piece in _PIECES.split(part):
        if piece.startswith("*"):
            translated += "[^/]*"
        elif piece == "?":
            translated += "[^/]"
        elif _PIECES.fullmatch(piece):
            translated += _one_of(piece)
        else:
            translated += re.escape(piece)
    return translated


def _one_of(brackets: str) -> str:
    """[a-z] or [!a-z]; what is no such set (`[z-a]`) means its characters."""
    inside = re.sub(r"([\\\[\]^&~|])", r"\\\1", brackets[1:-1].removeprefix("!"))
    expression = f"(?!/)[{'^' if brackets.startswith('[!') else ''}{inside}]"
    try:
        re.compile(expression)
    except re.error:
        return re.escape(brackets)
    return expression


def _walk(root: Path, start: str, *, hidden: bool) -> Iterator[str]:
    """Paths from the root of all files below `start`; not recursive, as folders may be thousands of levels deep."""
    pending = [start]
    while pending:
        folder = pending.pop()
        try:
            entries = list(os.scandir(root / folder))
        except OSError:
            continue  # a folder that is not there or may not be read holds nothing to run
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name != ".git" and (hidden or not entry.name.startswith(".")):
                    pending.append(name)
            elif not os.path.isdir(entry.path):  # noqa: PTH112 - False, where Path.is_dir raises for odd links
                yield name


def _matches_nothing(line: _Line, root: Path) -> str:
    there: list[str] = []
    for name in _walk(root, "", hidden=False):
        if name.lower().endswith(".ipynb"):
            there.append(name)
            if len(there) == _SUGGESTIONS_FROM:
                break
    sentence = f"notebooks: line {line.number}, {quoted(line.text)}, matches no notebook"
    if not there:
        return f"{sentence}: there is none (*.ipynb) in {quoted(root)}."
    near = get_close_matches(line.pattern, there, n=3, cutoff=0.5)
    by_name = {posixpath.basename(name): name for name in there}
    near += [by_name[name] for name in get_close_matches(posixpath.basename(line.pattern), by_name, n=3, cutoff=0.6)]
    near = list(dict.fromkeys(near))[:3]
    return (
        f"{sentence}; the nearest are {listed(near)}." if near else f"{sentence}; there are {listed(sorted(there), 5)}."
    )
