"""Results in a folder: one ZIP file for each key, with the result as JSON and the files it left.

An entry is there whole or not at all, whoever is killed or writes at the same time. What cannot be read is removed. The
folder is kept small: what nobody has used for 30 days goes, then what was used least recently.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from amltasks.data import Data
from amltasks.notebooks.outputs import has_left
from amltasks.past.digests import NotReusableError
from amltasks.report.model import Artefact, ArtefactKind, NotebookResult, Origin

FORMAT = 1
ENTRY = "entry.json"
LONGEST_ENTRY = 64 << 20  # bytes of entry.json
LARGEST = 512 << 20  # bytes of an entry's files
KEPT_SECONDS = 30 * 24 * 3600.0
KEPT_BYTES = 2 << 30
ABANDONED_SECONDS = 3600.0  # after which a file that is being written will not be finished
_KINDS = {ArtefactKind.NOTEBOOK, ArtefactKind.LOG, ArtefactKind.IMAGE}  # pages are made anew
_UNREADABLE = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, NotImplementedError, RuntimeError)


class StoreError(Exception):
    """The folder cannot be used; the message is a sentence."""


class DamagedError(StoreError):
    """An entry is damaged; the others may be whole."""


class Entry(Data):
    """What entry.json holds. Artefacts' paths start from the result's folder."""

    format: int = FORMAT
    origin: Origin
    result: NotebookResult


class Store:
    """folder: need not exist before something is put there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str, into: Path) -> tuple[NotebookResult, Origin] | None:
        """The result with that key, its files written into an empty folder; None where there is none.

        Raises DamagedError where the entry is damaged (it is removed then), StoreError where it cannot be read.
        """
        path = self._folder / f"{key}.zip"
        try:
            with zipfile.ZipFile(path) as archive:
                found = _unpacked(archive, into)
        except FileNotFoundError:
            return None
        except (*_UNREADABLE, ValidationError) as error:
            empty_folder(into)
            with contextlib.suppress(OSError):  # it will be found damaged again
                path.unlink()
            raise DamagedError(f"A result kept for reuse is damaged and was removed ({_words(error)}).") from None
        except OSError as error:
            empty_folder(into)
            raise StoreError(f"Results kept for reuse cannot be read: {self._folder}: {_words(error)}.") from None
        with contextlib.suppress(OSError):  # the folder may be read-only; then it counts as not used
            os.utime(path)
        return found

    def put(self, key: str, result: NotebookResult, origin: Origin) -> None:
        """Keeps a result with its files. Raises StoreError, and NotReusableError for one that is too large."""
        assert result.folder is not None
        if has_left(result.folder):
            raise NotReusableError("It is not kept for reuse: it has left files for later steps.")
        kept = [artefact for artefact in result.artefacts if artefact.kind in _KINDS]
        beside = self._folder / f".{key[:16]}.{os.getpid()}.{secrets.token_hex(4)}.part"
        try:
            if sum(artefact.path.stat().st_size for artefact in kept) > LARGEST:
                raise NotReusableError(f"It is not kept for reuse: its files have more than {LARGEST >> 20} MiB.")
            moved = tuple(
                artefact.model_copy(update={"path": artefact.path.relative_to(result.folder)}) for artefact in kept
            )
            entry = Entry(origin=origin, result=result.model_copy(update={"artefacts": moved, "folder": None}))
            self._folder.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(beside, "x", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.writestr(ENTRY, entry.model_dump_json(by_alias=True))
                for artefact in kept:
                    archive.write(artefact.path, artefact.path.relative_to(result.folder).as_posix())
            beside.replace(self._folder / f"{key}.zip")
        except OSError as error:
            raise StoreError(f"Results cannot be kept for reuse: {self._folder}: {_words(error)}.") from None
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)

    def tidy(self, now: float | None = None, most: int = KEPT_BYTES) -> None:
        """Removes what is old, what is too much and what was never finished. now: seconds since 1970; most: bytes."""
        now = time.time() if now is None else now
        entries: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("*") if self._folder.is_dir() else ():
            with contextlib.suppress(FileNotFoundError):  # another one tidies, too
                status = path.stat()
                if path.suffix == ".part" and status.st_mtime < now - ABANDONED_SECONDS:
                    path.unlink()
                elif path.suffix == ".zip":
                    entries.append((status.st_mtime, status.st_size, path))
        total = 0
        for used_at, size, path in sorted(entries, reverse=True):
            total += size
            if total > most or used_at < now - KEPT_SECONDS:
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()


def _unpacked(archive: zipfile.ZipFile, into: Path) -> tuple[NotebookResult, Origin]:
    members = {member.filename: member for member in archive.infolist()}
    if sum(member.file_size for member in members.values()) > LARGEST + LONGEST_ENTRY:
        raise ValueError("too large")
    if members[ENTRY].file_size > LONGEST_ENTRY:
        raise ValueError(f"{ENTRY} is too large")
    entry = Entry.model_validate_json(archive.read(ENTRY))
    if entry.format != FORMAT:
        raise ValueError(f"format {entry.format}")
    artefacts = tuple(_written(archive, members, artefact, into) for artefact in entry.result.artefacts)
    return entry.result.model_copy(update={"artefacts": artefacts, "folder": into}), entry.origin


def _written(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], artefact: Artefact, into: Path) -> Artefact:
    name = artefact.path.as_posix()
    parts = PurePosixPath(name).parts
    if not parts or any(part in ("..", "/") or set(part) & set(":\\") for part in parts):
        raise ValueError(f"not a path in a folder: {name!r}")
    target = into.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(members[name]) as source, target.open("xb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
    return artefact.model_copy(update={"path": target})


def empty_folder(folder: Path) -> None:
    """Takes away what of an entry had been written that will not be used."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or str(error).partition("\n")[0]).strip("'.")[:200]
