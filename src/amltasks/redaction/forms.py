"""What a secret may look like when it is printed, encoded or turned around.

Escapes that work character by character (URL, HTML, JSON, `\\x41`) are not listed here: `views` undoes them in the
text, which catches every mixture of them.
"""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from amltasks.redaction.parts import sensitive_parts
from amltasks.redaction.views import compact

SHORTEST = 4  # characters; anything shorter stands in every notebook by chance
SHORTEST_TOLERANT = 6  # bytes that a form must have to be looked for with white space, case and escapes ignored
SHORTEST_LINE = 8  # characters of one line of a secret of several lines
COMMON = frozenset({"true", "false", "none", "null", "undefined"})

# Long secrets are looked for in pieces: that bounds how much of a stream must be held back, and finds what is cut off.
# A multiple of three keeps pieces aligned in base64; the overlap closes the seams between the encoded pieces.
PIECE = 48
OVERLAP = 3

_BANNER = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]+-----")


@dataclass(frozen=True)
class Forms:
    """Byte strings to look for. exact: in the text as it is; cased: without noise; folded: also in lower case."""

    exact: frozenset[bytes]
    cased: frozenset[bytes]
    folded: frozenset[bytes]


def is_redactable(secret: str) -> bool:
    """Whether taking this value out does less harm than good: `true` or `2024` stand everywhere and protect nothing."""
    value = secret.strip()
    if len(value) < SHORTEST or value.lower() in COMMON or len(set(value)) == 1:
        return False
    return not (value.isdigit() and len(value) < 6)


def forms_of(secret: str) -> Forms:
    """All forms of a secret that `is_redactable`, of its lines where it has several, and of its sensitive parts."""
    exact: set[bytes] = set()
    cased: set[bytes] = set()
    folded: set[bytes] = set()
    parts = filter(is_redactable, sensitive_parts(secret))
    for text in {part.strip() for whole in (secret, *parts) for part in (whole, *_lines(whole))}:
        data = text.encode("utf-8", "surrogatepass")
        exact.update(_pieces(data))
        if not _is_varied(compact(data)):
            exact.add(base64.b64encode(data).rstrip(b"="))
            continue
        encodings = {data, *_other_encodings(text)}
        turned = {variant.encode("utf-8", "surrogatepass") for variant in _turned(text)}
        for form in (compact(variant).lower() for variant in turned | encodings):
            folded.update(_pieces(form) if _is_varied(form) else ())
        for piece in (piece for encoding in encodings for piece in _pieces(encoding)):
            cased.update(_base64_forms(piece))
            folded.update(_number_forms(piece))
    return Forms(frozenset(exact), frozenset(cased), frozenset(folded))


def _lines(secret: str) -> Iterator[str]:
    lines = [line.strip() for line in secret.splitlines()]
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= SHORTEST_LINE and not _BANNER.fullmatch(line))


def _is_varied(form: bytes) -> bool:
    """Whether a form is long and odd enough not to turn up by chance when white space and case are ignored."""
    return len(form) >= SHORTEST_TOLERANT and len(set(form)) >= 4 and not (form.isdigit() and len(form) < 10)


def _pieces(data: bytes) -> Iterator[bytes]:
    size = PIECE + OVERLAP
    if len(data) <= size:
        yield data
        return
    yield from (data[start : start + size] for start in range(0, len(data) - size, PIECE))
    yield data[-size:]


def _turned(text: str) -> Iterator[str]:
    """The text itself and what simple tricks make of it; upper and lower case matter where letters are not ASCII."""
    for variant in (text, text[::-1], codecs.encode(text, "rot13")):
        yield from (variant, variant.upper(), variant.lower())
    yield text.replace(" ", "+")  # a form-encoded URL, once its per cent signs are undone


def _other_encodings(text: str) -> Iterator[bytes]:
    """UTF-16 is what PowerShell encodes, Latin-1 what old programs write."""
    yield text.encode("utf-16-le", "surrogatepass")
    if all(character < "\u0100" for character in text):
        yield text.encode("latin-1")


def _base64_forms(data: bytes) -> Iterator[bytes]:
    """Base64 and base64 of base64, both alphabets, whatever stands before and after."""
    for once in _base64_cores(data):
        yield from _alphabets(once)
        for twice in _base64_cores(once):
            yield from _alphabets(twice)


def _base64_cores(data: bytes) -> Iterator[bytes]:
    """The characters of base64 that depend on nothing but `data`, at the three offsets it can have."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data)
        core = encoded[-(-8 * offset // 6) : 8 * (offset + len(data)) // 6]
        if len(core) > SHORTEST_TOLERANT:
            yield core


def _alphabets(encoded: bytes) -> Iterator[bytes]:
    yield encoded
    yield encoded.translate(bytes.maketrans(b"+/", b"-_"))


def _number_forms(data: bytes) -> Iterator[bytes]:
    """Bytes written as numbers: `5a6f`, `5a:6f`, `0x5a,0x6f`, `[90, 111]`."""
    yield data.hex().encode()
    yield data.hex(":").encode()
    yield ",".join(f"0x{byte:02x}" for byte in data).encode()
    yield ",".join(str(byte) for byte in data).encode()
