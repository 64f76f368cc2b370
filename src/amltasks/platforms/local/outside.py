"""What notebooks write outside of their output folders: allowed, and told.

Watched are the folders of the repository, as far as they are not made anew by tools all the time; what is written
elsewhere (/tmp, the home folder) nobody sees without privileges. Of notebooks that run at the same time nobody can tell
which one wrote: all of them are told, with that. Linux only.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from amltasks.platforms.base import NotebookRun, OpenCompute, RunEvent, Stop
from amltasks.platforms.local.inotify import (
    CREATED,
    DELETED,
    IS_FOLDER,
    MOVED_FROM,
    MOVED_TO,
    OVERFLOW,
    Change,
    Changes,
)
from amltasks.quoting import quoted
from amltasks.redaction import Redactor
from amltasks.report.model import NotebookResult

MOST_FOLDERS = 4_000
MOST_NAMED = 5
_MOST_KEPT = 10_000
_LEFT_OUT = {".git", ".ipynb_checkpoints", "__pycache__", "node_modules", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
_ENVIRONMENT = "pyvenv.cfg"  # lies in the folder of a virtual environment


class WritesTold:
    """An `OpenCompute` that adds a note to the results of notebooks while which files changed below `root`.

    aside: folders that do not count: the output folder, caches.
    """

    def __init__(self, compute: OpenCompute, root: Path, aside: Iterable[Path]) -> None:
        self._compute = compute
        self._root = root
        self._aside = {str(folder.resolve()) for folder in aside}
        self._changes = _changes()
        self._watched = 0
        self._running: list[_Written] = []
        self._begun = False

    async def run(self, run: NotebookRun, emit: Callable[[RunEvent], None], stop: Stop) -> NotebookResult:
        """See `amltasks.platforms.base.Compute`."""
        if self._changes is None:
            return await self._compute.run(run, emit, stop)
        if not self._begun:
            self._begun = True
            # Beside the start of the first kernel: long before its first cell for all but the largest repositories.
            asyncio.get_running_loop().run_in_executor(None, self._watch, self._root.resolve())
            asyncio.get_running_loop().add_reader(self._changes.descriptor, self._take)
        self._take()  # what was reported until now is of those that ran until now
        written = _Written()
        self._running.append(written)
        try:
            result = await self._compute.run(run, emit, stop)
        finally:
            self._take()
            self._running.remove(written)
        note = Redactor(run.secrets).text(written.note(self._root.resolve()))
        return result.model_copy(update={"notes": (*result.notes, note)}) if note else result

    def preload(self, modules: Iterable[str]) -> None:
        """See `amltasks.platforms.base.OpenCompute`."""
        self._compute.preload(modules)

    def close(self) -> None:
        """See `amltasks.platforms.base.OpenCompute`; the event loop that notebooks were run in has ended."""
        if self._changes is not None:
            self._changes.close()
            self._changes = None
        self._compute.close()

    def _take(self) -> None:
        if self._changes is None:
            return
        for change in self._changes.read():
            if str(change.path) in self._aside or change.path.name in _LEFT_OUT:
                continue
            for written in self._running:
                written.add(change, shared=len(self._running) > 1)
            if change.mask & IS_FOLDER and change.mask & (CREATED | MOVED_TO):
                self._watch(change.path)

    def _watch(self, folder: Path) -> None:
        changes = self._changes
        for found in _folders(folder, self._aside):
            if changes is None or self._watched >= MOST_FOLDERS:
                return
            try:
                changes.add(found)
            except FileNotFoundError:  # gone meanwhile
                continue
            except OSError:  # this user's share of watches is used up, or it may not be read
                return
            self._watched += 1


class _Written:
    """What changed while one notebook ran."""

    def __init__(self) -> None:
        self._kinds: dict[Path, str] = {}
        self._shared = False
        self._overflow = False

    def add(self, change: Change, *, shared: bool) -> None:
        if change.mask & OVERFLOW or len(self._kinds) >= _MOST_KEPT:
            self._overflow = True
            return
        self._shared |= shared
        before = self._kinds.get(change.path)
        if change.mask & (DELETED | MOVED_FROM):
            if before == "created":
                del self._kinds[change.path]  # it came and went
            else:
                self._kinds[change.path] = "deleted"
        elif change.mask & (CREATED | MOVED_TO):
            new = "created" if change.mask & CREATED else "moved there"  # perhaps in place of an older file
            self._kinds[change.path] = "changed" if before == "deleted" else before or new
        else:
            self._kinds[change.path] = before or "changed"

    def note(self, root: Path) -> str:
        """One or two sentences; empty where nothing changed."""
        if not self._kinds:
            return ""
        named = [f"{quoted(path.relative_to(root))} ({kind})" for path, kind in list(self._kinds.items())[:MOST_NAMED]]
        more = len(self._kinds) - len(named)
        rest = f" and {'at least ' if self._overflow else ''}{more:,} more" if more else ""
        others = " Other notebooks ran at the same time." if self._shared else ""
        return f"Written outside of its output folder while it ran: {', '.join(named)}{rest}.{others}"


def _changes() -> Changes | None:
    if sys.platform != "linux":
        return None
    try:
        return Changes()
    except OSError:  # a system without, or this user's share of them is used up
        return None


def _folders(top: Path, aside: set[str]) -> Iterator[Path]:
    """A folder and all below it, without those that do not count."""
    left = deque([str(top)])
    while left:
        folder = left.popleft()
        try:
            with os.scandir(folder) as entries:
                found = [
                    entry for entry in entries if entry.is_dir(follow_symlinks=False) or entry.name == _ENVIRONMENT
                ]
        except OSError:
            continue
        if any(entry.name == _ENVIRONMENT for entry in found):
            continue
        yield Path(folder)
        left += [entry.path for entry in found if entry.name not in _LEFT_OUT and entry.path not in aside]
