"""Secrets in the text that image files carry beside their pixels."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amltasks.redaction.redactor import Redactor

_PNG = b"\x89PNG\r\n\x1a\n"
_SIGNATURES = (_PNG, b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"RIFF", b"BM", b"II*\0", b"MM\0*", b"%PDF-")
_TEXT_LIMIT = 1 << 20  # bytes unpacked of one compressed text chunk

# A transparent picture of one pixel: stands for an image that betrayed a secret and cannot be mended.
BLANK_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def is_image(data: bytes) -> bool:
    return data.startswith(_SIGNATURES)


def redacted_image(redactor: Redactor, data: bytes) -> tuple[bytes, frozenset[str]]:
    """The image without what betrays a secret, and the names of those found.

    A PNG loses the chunks concerned and all that follows its end; another format is replaced by a blank picture.
    """
    if not data.startswith(_PNG):
        names = redactor.binary(data)
        return (BLANK_PNG if names else data), names
    kept, found, position = [_PNG], frozenset[str](), len(_PNG)
    for kind, start, end in _chunks(data):
        names = redactor.binary(_readable(kind, data[start + 8 : end - 4]))
        found |= names
        if not names:
            kept.append(data[start:end])
        elif kind in (b"IHDR", b"PLTE", b"IDAT", b"IEND"):
            return BLANK_PNG, found
        position = end
    rest = redactor.binary(data[position:])
    found |= rest
    if not rest:
        kept.append(data[position:])
    return (b"".join(kept) if found else data), found


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, beginning and end of each complete chunk up to and including IEND."""
    position = len(_PNG)
    while position + 12 <= len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        kind, end = data[position + 4 : position + 8], position + 12 + length
        if end > len(data):
            return
        yield kind, position, end
        if kind == b"IEND":
            return
        position = end


def _readable(kind: bytes, body: bytes) -> bytes:
    """A chunk's content with what is compressed in it unpacked; pixels are left as they are."""
    if kind not in (b"zTXt", b"iTXt"):
        return body
    keyword, _, rest = body.partition(b"\0")
    for start in range(min(len(rest), 128)):
        try:
            return body + b"\n" + keyword + b"\n" + zlib.decompressobj().decompress(rest[start:], _TEXT_LIMIT)
        except zlib.error:
            continue
    return body
