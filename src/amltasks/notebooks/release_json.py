"""release.json, the settings file that “Azure ML Operationalization” reads (requirement 0.22).

    {"notebooks": {"any key": {
        "name": "train.ipynb", "path": "training",     the notebook: file name, folder from that of release.json
        "celltimeout": 1200,                           seconds a cell may take
        "dependencies": ["data.csv"],                  files it needs, from the notebook's folder
        "requirements": ["pandas==2.3"],               pip packages it needs
        "preexec": "…", "postexec": "…"}}}             scripts to run before and after

The file lies in the notebook's folder or in one above it, up to the repository's root; the nearest one that has an
entry for the notebook counts. Other members are left alone, as other tools have theirs in there.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amltasks.errors import UserError
from amltasks.notebooks.files import read_file
from amltasks.notebooks.strict_json import ContentError, kind_of, parse_json
from amltasks.quoting import quoted

FILE = "release.json"
MAX_FILE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class ReleaseEntry:
    """What release.json says of one notebook. where: for messages; scripts: the members that ask for scripts."""

    where: str
    cell_timeout: float | None
    files: tuple[str, ...]
    requirements: tuple[str, ...]
    scripts: str


def read_release_entry(notebook: Path, root: Path) -> ReleaseEntry | None:
    """The entry for a notebook, None where no release.json has one. Raises UserError, naming the entry."""
    for folder in _upwards(notebook.parent, root):
        path = folder / FILE
        if not (path.exists() or path.is_symlink()):
            continue
        for key, entry in _entries(path, root):
            name, inner = entry.get("name"), entry.get("path", "")
            if isinstance(name, str) and isinstance(inner, str):
                wanted = posixpath.normpath(posixpath.join(inner.replace("\\", "/").strip("/"), name))
                if wanted == notebook.relative_to(folder).as_posix():
                    return _entry(entry, f"{FILE}: {quoted(key)}")
    return None


def _upwards(folder: Path, root: Path) -> Iterator[Path]:
    yield folder
    while folder != root and folder != folder.parent:
        folder = folder.parent
        yield folder


def _entries(path: Path, root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        document = parse_json(read_file(path, MAX_FILE_BYTES, root))
    except ContentError as wrong:
        raise UserError(f"{quoted(path.name)} {wrong}") from None
    notebooks = document.get("notebooks") if isinstance(document, dict) else None
    if isinstance(notebooks, dict):  # a release.json of another tool has none
        yield from ((key, entry) for key, entry in notebooks.items() if isinstance(entry, dict))


def _entry(entry: dict[str, Any], where: str) -> ReleaseEntry:
    timeout = entry.get("celltimeout")
    if timeout is not None and (not isinstance(timeout, (int, float)) or isinstance(timeout, bool) or timeout < 0):
        raise UserError(f"{where}: celltimeout is {kind_of(timeout)} instead of a number of seconds.")
    return ReleaseEntry(
        where=where,
        cell_timeout=timeout,
        files=_texts(entry, "dependencies", where),
        requirements=_texts(entry, "requirements", where),
        scripts=" and ".join(member for member in ("preexec", "postexec") if entry.get(member)),
    )


def _texts(entry: dict[str, Any], member: str, where: str) -> tuple[str, ...]:
    value = entry.get(member) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UserError(f"{where}: {member} is {kind_of(value)} instead of a list of texts.")
    return tuple(item.lstrip("/") for item in value)
