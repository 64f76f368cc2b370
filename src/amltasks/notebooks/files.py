"""Files of the repository, opened without trust: what is there may be a link, a pipe, a folder or huge."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from amltasks.errors import UserError
from amltasks.quoting import quoted


def resolved(path: Path, root: Path | None = None) -> Path:
    """Where `path` leads, links followed. Raises UserError where that is nowhere, or outside of `root`."""
    name = quoted(path.name)
    try:
        target = path.resolve(strict=True)
    except FileNotFoundError:
        if path.is_symlink():
            raise UserError(f"{name} is a link to {quoted(path.readlink())}, which does not exist.") from None
        raise UserError(f"{name} does not exist.") from None
    except (RuntimeError, OSError) as error:  # a loop is a RuntimeError before Python 3.13
        if isinstance(error, RuntimeError) or error.errno == errno.ELOOP:
            raise UserError(f"{name} is a link that leads back to itself.") from None
        raise UserError(f"{name} cannot be opened: {error.strerror}.") from None
    if root is not None and not target.is_relative_to(root.resolve()):
        raise UserError(f"{name} leads out of the repository, to {quoted(target)}: only what is inside is used.")
    return target


def read_file(path: Path, max_bytes: int, root: Path | None = None) -> bytes:
    """The content of a regular file. Never blocks. Raises UserError for anything else, or for too large a one."""
    name = quoted(path.name)
    target = resolved(path, root)
    # Without O_NONBLOCK, opening a named pipe waits until somebody writes to it.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
    try:
        if target.is_dir():
            raise UserError(f"{name} is a folder, not a file.")
        with os.fdopen(os.open(target, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UserError(f"{name} is not a regular file (a pipe, socket or device).")
            if status.st_size > max_bytes:
                raise UserError(f"{name} has {status.st_size:,} bytes; at most {max_bytes:,} are read.")
            return file.read(max_bytes)
    except OSError as error:
        raise UserError(f"{name} cannot be read: {error.strerror}.") from None
