"""The Linux kernel's reports of what changes in folders, inotify(7).

Our own forty lines, because the libraries for it look for libc by starting programs, which takes as long as a notebook.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CREATED, DELETED, WRITTEN = 0x100, 0x200, 0x8  # IN_CREATE, IN_DELETE, IN_CLOSE_WRITE
MOVED_FROM, MOVED_TO, OVERFLOW, IS_FOLDER = 0x40, 0x80, 0x4000, 0x40000000
_ONLY_FOLDERS, _NOT_LINKS, _NOT_UNLINKED = 0x01000000, 0x02000000, 0x04000000
_WANTED = CREATED | DELETED | WRITTEN | MOVED_FROM | MOVED_TO | _ONLY_FOLDERS | _NOT_LINKS | _NOT_UNLINKED
_HEADER = struct.Struct("iIII")
_READ_BYTES = 1 << 16


@dataclass(frozen=True)
class Change:
    """What became of one file or folder: one of the constants above, IS_FOLDER beside it. OVERFLOW has no path."""

    path: Path
    mask: int


class Changes:
    """Of the folders that were added. Raises OSError where there is no inotify, or no further one for this user."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = self._checked(self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))
        self._folders: dict[int, Path] = {}

    def add(self, folder: Path) -> None:
        """Has changes in this folder reported, not in those below it. Raises OSError where that cannot be done."""
        watch = self._libc.inotify_add_watch(self.descriptor, os.fsencode(folder), _WANTED)
        self._folders[self._checked(watch)] = folder

    def read(self) -> Iterator[Change]:
        """What was reported since the last time."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.descriptor, _READ_BYTES):
                place = 0
                while place < len(data):
                    watch, mask, _, size = _HEADER.unpack_from(data, place)
                    place += _HEADER.size + size
                    name = os.fsdecode(data[place - size : place].rstrip(b"\0"))
                    folder = self._folders.get(watch)
                    if mask & OVERFLOW or (folder is not None and name):
                        yield Change((folder or Path()) / name, mask)

    def close(self) -> None:
        os.close(self.descriptor)

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return result
