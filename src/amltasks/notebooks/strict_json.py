"""JSON as the standard has it, of bounded depth, or one sentence on why the content is not that."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from amltasks.quoting import quoted

MAX_DEPTH = 100  # renderers and validators recurse two or three frames a level; Python allows 1,000
MAX_DIGITS = 4300  # what int() accepts since Python 3.11

_TYPES = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}


class ContentError(Exception):
    """What is wrong with a file's content, to be said after its name."""


def parse_json(content: bytes) -> Any:
    """The value in the content: no duplicate names, no NaN, no half characters. Raises ContentError."""
    text = _decode(content)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_short_integer,
        )
    except json.JSONDecodeError as error:
        raise ContentError(_why_not_json(text, error)) from None
    except RecursionError:
        raise ContentError(f"is not readable: it nests deeper than {MAX_DEPTH} levels.") from None
    _check_values(value)
    return value


def _decode(content: bytes) -> str:
    if not content or content.isspace():
        raise ContentError("is empty.")
    if content.startswith(b"\x1f\x8b"):
        raise ContentError("is gzip-compressed: unpack it.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ContentError("is encoded as UTF-16: save it as UTF-8.")
    if content.startswith(b"version https://git-lfs.github.com/"):
        raise ContentError("is a pointer of Git LFS, not the file itself: let the checkout step fetch it (lfs: true).")
    if b"\0" in content:
        raise ContentError("is binary data, not JSON.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ContentError(
            f"is not UTF-8: line {line} has the byte 0x{content[error.start]:02x}; save it as UTF-8."
        ) from None


def _why_not_json(text: str, error: json.JSONDecodeError) -> str:
    start = text.lstrip()[:200].lower()
    if start.startswith(("<!doctype", "<html")):
        return "is an HTML page, not JSON: a sign-in page may have been saved in its place."
    conflict = re.search(r"^(<{7}|={7}|>{7})( |$)", text, re.MULTILINE)
    if conflict:
        return f"has an unresolved merge conflict in line {text.count(chr(10), 0, conflict.start()) + 1}."
    if error.msg == "Extra data":
        return f"has more text after the end, in line {error.lineno}: two files may have been joined."
    if not text[error.pos :].strip() or error.msg.startswith("Unterminated string"):
        return f"is cut off: it ends too early, in line {text.count(chr(10)) + 1}."
    return f"is not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}."


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ContentError(
                    f"has the member {quoted(name)} twice in one object, so that one of them would be lost."
                )
            seen.add(name)
    return members


def _refuse_constant(constant: str) -> Any:
    raise ContentError(f"holds {constant}, which JSON does not have: remove it or write it as text.")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ContentError(f"holds the number {quoted(digits)}, which is too large.")
    return number


def _short_integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ContentError(f"holds a whole number of {len(digits):,} digits; at most {MAX_DIGITS:,} can be read.")
    return int(digits)


def _check_values(document: Any) -> None:
    """Depth and text of all that is in the document, without recursion."""
    pending: list[tuple[Any, int]] = [(document, 1)]
    while pending:
        value, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise ContentError(f"is not readable: it nests deeper than {MAX_DEPTH} levels.")
        if isinstance(value, dict):
            pending.extend((member, depth + 1) for member in value.values())
            pending.extend((name, depth) for name in value if not name.isascii())
        elif isinstance(value, list):
            pending.extend((item, depth + 1) for item in value)
        elif isinstance(value, str) and not value.isascii():
            try:
                value.encode("utf-8")
            except UnicodeEncodeError as error:
                around = value[max(0, error.start - 20) : error.start]
                half = f"\\u{ord(value[error.start]):04x}"
                raise ContentError(
                    f"holds half a character ({half} alone) after {quoted(around)}: remove it."
                ) from None


def kind_of(value: Any) -> str:
    """What a JSON value is, for a sentence: `an object`, `text ('x')`."""
    if value is None:
        return "null"
    kind = next((name for of, name in _TYPES.items() if isinstance(value, of)), type(value).__name__)
    return f"{kind} ({quoted(value)})" if isinstance(value, str) else kind
