"""A result's files as attachments: which of them, under which names, and what is done with those that are too large."""

from __future__ import annotations

import base64
import gzip
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

from amltasks.devops.pacing import Pace
from amltasks.errors import ServiceError
from amltasks.report.checks import CheckFile
from amltasks.report.model import Artefact, ArtefactKind

LARGEST = 75 * 2**20  # bytes before base64: more is refused
MOST_PARTS = 10
CONSOLE_LOG = "Standard_Console_Output.log"  # under this name and type the Tests tab shows it
UNSAFE = re.compile(r'[:\\/*?"<>|\x00-\x1f\x7f]')
BLOCK = 3 * 2**16  # bytes; a multiple of three, so that blocks of base64 can be put one after the other
LEAST_SECONDS = 5.0  # below this there is no time to compress anything


@dataclass(frozen=True)
class Attachment:
    """A part of a file, or all of it, from `start` on for `size` bytes."""

    name: str
    kind: str  # GeneralAttachment or ConsoleLog
    path: Path
    start: int
    size: int
    comment: str = ""


@dataclass(frozen=True)
class Planned:
    """What is to be attached to a result, and a sentence for each file that is not attached as it is."""

    attachments: tuple[Attachment, ...]
    notes: tuple[str, ...]


class Base64Part:
    """A part of a file as base64, made while it is sent: nothing of it is held in memory."""

    def __init__(self, attachment: Attachment) -> None:
        self._attachment = attachment

    def __len__(self) -> int:
        return 4 * -(-self._attachment.size // 3)

    def open(self) -> io.RawIOBase:
        return _Base64Reader(self._attachment)


class _Base64Reader(io.RawIOBase):
    def __init__(self, attachment: Attachment) -> None:
        self._path = attachment.path
        try:
            self._file = attachment.path.open("rb")
        except OSError as error:
            raise ServiceError(f"{attachment.path.name} cannot be read: {error.strerror or error}.") from None
        self._file.seek(attachment.start)
        self._left = attachment.size
        self._ready = b""

    def read(self, size: int = -1) -> bytes:
        if not self._ready:
            wanted = min(self._left, BLOCK)
            raw = self._file.read(wanted)
            if len(raw) < wanted:
                raise ServiceError(f"{self._path.name} became shorter while it was attached.")
            self._left -= wanted
            self._ready = base64.b64encode(raw)
        block = self._ready if size < 0 else self._ready[:size]
        self._ready = self._ready[len(block) :]
        return block

    def close(self) -> None:
        self._file.close()
        super().close()


def plan_attachments(
    files: Iterable[Artefact | CheckFile],
    scratch: Path,
    pace: Pace,
    *,
    mark: str = "",
    largest: int = LARGEST,
    redact: Callable[[str], str] = str,
) -> Planned:
    """How the files of one result are attached.

    scratch: a folder of this result's own, made when it is needed; what is put there must stay until all is sent.
    mark: put into the names, to tell them from those of an earlier try. largest: bytes of one attachment.
    """
    names = _Names(mark)
    attachments: list[Attachment] = []
    notes: list[str] = []
    for number, file in enumerate(files):
        wanted = redact(file.name)
        console = isinstance(file, Artefact) and file.kind == ArtefactKind.LOG
        try:
            size = file.path.stat().st_size
            if size <= largest:
                name = names.take(CONSOLE_LOG if console else wanted)
                kind = "ConsoleLog" if console else "GeneralAttachment"
                attachments.append(Attachment(name, kind, file.path, 0, size, redact(file.note)))
                continue
            scratch.mkdir(parents=True, exist_ok=True)
            copy = scratch / f"{number}.gz"
            packed = _compress(file.path, copy, largest * MOST_PARTS, pace)
        except (OSError, _LeftOutError) as error:
            notes.append(f"{wanted} is not attached: {getattr(error, 'strerror', None) or error}.")
            continue
        parts = _parts(copy, packed, largest, names, wanted, redact(file.note))
        attachments += parts
        notes.append(_large_note(wanted, size, parts))
    return Planned(tuple(attachments), tuple(notes))


class _LeftOutError(Exception):
    """Why a file is not attached."""


class _Names:
    """Gives each attachment a safe name that no other has, without regard to case."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._taken: set[str] = set()

    def take(self, wanted: str) -> str:
        safe = UNSAFE.sub("_", wanted).strip() or "attachment"
        stem, ending = PurePath(safe).stem, PurePath(safe).suffix
        marks = [self._mark] if self._mark else []
        name, number = " ".join([stem, *marks]) + ending, 1
        while name.lower() in self._taken:
            number += 1
            name = " ".join([stem, *marks, f"({number})"]) + ending
        self._taken.add(name.lower())
        return name


def _compress(source: Path, target: Path, largest: int, pace: Pace) -> int:
    """The size of the compressed file."""
    with source.open("rb") as plain, target.open("wb") as file:
        with gzip.GzipFile(filename=source.name, fileobj=file, mode="wb", compresslevel=3, mtime=0) as packed:
            while block := plain.read(2**20):
                packed.write(block)
                if file.tell() > largest:
                    raise _LeftOutError(f"compressed it still has more than {_megabytes(largest)}")
                if pace.left() < LEAST_SECONDS:
                    raise _LeftOutError("there was no time to compress it")
        return file.tell()


def _parts(path: Path, size: int, largest: int, names: _Names, name: str, comment: str) -> list[Attachment]:
    if size <= largest:
        return [Attachment(names.take(f"{name}.gz"), "GeneralAttachment", path, 0, size, comment)]
    starts = range(0, size, largest)
    return [
        Attachment(
            names.take(f"{name}.gz.{number:03}"),
            "GeneralAttachment",
            path,
            start,
            min(largest, size - start),
            f"Part {number} of {len(starts)}. {comment}".strip(),
        )
        for number, start in enumerate(starts, start=1)
    ]


def _large_note(name: str, size: int, parts: list[Attachment]) -> str:
    if len(parts) == 1:
        return f"{name} ({_megabytes(size)}) is attached compressed, as {parts[0].name}."
    return (
        f"{name} ({_megabytes(size)}) is attached compressed in {len(parts)} parts: "
        f"put {parts[0].name} to {parts[-1].name} together in this order and unpack them with gzip."
    )


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"
