"""What a model is made of, as one hash, and whether its files came from where they should."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from amltasks.errors import UserError
from amltasks.quoting import quoted

_PICKLES = {".pkl", ".pickle", ".joblib"}
_BLOCK = 1 << 20
_GIT_SECONDS = 20.0


def content_hash(path: Path) -> str:
    """SHA-256 in hex. Of a file: of its bytes, what `sha256sum FILE` says.

    Of a folder: of the lines `HASH  path/from/the/folder` of all its files, sorted by path, as
    `find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum` says it.
    Raises UserError for what cannot be read, and for a folder without files.
    """
    try:
        if path.is_file():
            return _hash_of(path)
        names = sorted(each.relative_to(path).as_posix() for each in path.rglob("*") if each.is_file())
        if not names:
            raise UserError(f"{quoted(path.name)} holds no files: nothing can be registered of it.")
        lines = "".join(f"{_hash_of(path / name)}  {name}\n" for name in names)
        return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
    except OSError as error:
        raise UserError(f"{quoted(path.name)} cannot be read: {error.strerror}.") from None


def tracked_pickles(path: Path) -> tuple[str, ...]:
    """Pickles among a model's files that are checked in to git, as paths there; none where there is no git."""
    folder = path if path.is_dir() else path.parent
    command = ["git", "-C", str(folder), "ls-files", "--full-name", "-z", "--", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_GIT_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    names = done.stdout.decode("utf-8", "replace").split("\0") if done.returncode == 0 else []
    return tuple(name for name in names if Path(name).suffix.lower() in _PICKLES)


def last_change(path: Path) -> float:
    """When the newest file was written, in seconds since 1970. Raises OSError."""
    return max((each.stat().st_mtime for each in _files(path)), default=path.stat().st_mtime)


def _files(path: Path) -> Iterator[Path]:
    yield from (each for each in path.rglob("*") if each.is_file()) if path.is_dir() else (path,)


def _hash_of(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
