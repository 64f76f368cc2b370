"""Files and folders as digests of their content, with the means to see later that they have stayed as they were."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

SKIPPED_FOLDERS = {"__pycache__", ".git", ".ipynb_checkpoints", "node_modules"}
MOST_FILES = 20_000  # of one folder whose content is compared
_PIECE = 1 << 20


class NotReusableError(Exception):
    """A notebook of which nobody can tell whether it is unchanged; the message is a sentence that says why."""


class Digests:
    """Digests of files, each made once. `unchanged` compares sizes and times, not contents."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int], str]] = {}

    def file(self, path: Path) -> str:
        """SHA-256, hexadecimal. Raises NotReusableError."""
        if path not in self._known:
            digest = hashlib.sha256()
            try:
                with path.open("rb") as file:
                    state = _state(os.fstat(file.fileno()))
                    while piece := file.read(_PIECE):
                        digest.update(piece)
            except OSError as error:
                raise NotReusableError(f"{path.name} cannot be read: {error.strerror}.") from None
            self._known[path] = (state, digest.hexdigest())
        return self._known[path][1]

    def unchanged(self, paths: frozenset[Path]) -> bool:
        """Whether these files, of which digests were made, are still what they were."""
        try:
            return all(_state(path.stat()) == self._known[path][0] for path in paths)
        except OSError:
            return False


def files_below(
    folder: Path, is_wanted: Callable[[Path], bool] = lambda path: True, most: int = MOST_FILES
) -> Iterator[Path]:
    """The regular files in a folder and below that, in a fixed order; caches and virtual environments are left out.

    is_wanted: told of folders and files. Raises NotReusableError where there are more than `most`.
    """
    count = 0
    for where, folders, names in os.walk(folder):
        here = Path(where)
        folders[:] = sorted(
            name
            for name in folders
            if name not in SKIPPED_FOLDERS and is_wanted(here / name) and not (here / name / "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            path = here / name
            if is_wanted(path) and path.suffix != ".pyc" and path.is_file():
                count += 1
                if count > most:
                    raise NotReusableError(f"{folder.name} has more than {most:,} files to compare.")
                yield path


def _state(status: os.stat_result) -> tuple[int, int]:
    return status.st_mtime_ns, status.st_size
