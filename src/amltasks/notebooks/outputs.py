"""Files that a notebook hands on to later steps: below its results, in a folder whose path is in its environment."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "AMLTASKS_OUTPUTS"
FOLDER = "outputs"


@contextlib.contextmanager
def folder_for(results: Path) -> Iterator[dict[str, str]]:
    """The variable that names the folder, which is there while the notebook runs, and afterwards if it is of use."""
    folder = results / FOLDER
    folder.mkdir(exist_ok=True)
    try:
        yield {VARIABLE: str(folder)}
    finally:
        with contextlib.suppress(OSError):  # it holds something
            folder.rmdir()


def has_left(results: Path) -> bool:
    """Whether the notebook has left files there."""
    return (results / FOLDER).is_dir()
