"""Text that came from a terminal's world, made plain: escapes taken out, carriage returns applied, length bounded."""

from __future__ import annotations

import re

# ECMA-48: CSI sequences, OSC strings (titles, hyperlinks) ended by BEL or ST, DCS/SOS/PM/APC strings, two-byte escapes.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b[ -/]*[0-~]|\x1b"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")
_ASCII_CONTROLS = {code: None for code in range(0x80) if _CONTROLS.match(chr(code))}


def plain(text: str) -> str:
    """The text without terminal escapes and control characters; tabs, line ends and carriage returns stay."""
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    return text.translate(_ASCII_CONTROLS) if text.isascii() else _CONTROLS.sub("", text)  # faster, where it can be


def collapse(line: str) -> str:
    """What a terminal shows of one line after its carriage returns: the last text that overwrote the others."""
    line = line.rstrip("\r")
    return line[line.rfind("\r") + 1 :]


def collapse_lines(text: str) -> str:
    """`collapse` for every line of a text; linear, also for one endless line.

    A carriage return at the very end stays: what comes next will overwrite that line.
    """
    if "\r" not in text:
        return text
    return "\n".join(map(collapse, text.split("\n"))) + ("\r" if text.endswith("\r") else "")


def shorten(text: str, lines: int = 120, characters: int = 16_000) -> str:
    """At most so many lines and characters: the beginning, and more of the end, where the cause stands."""
    rows = text.split("\n")
    if len(rows) > lines:
        head, tail = lines // 3, lines - lines // 3
        rows = [*rows[:head], f"… {len(rows) - lines} lines left out …", *rows[-tail:]]
    text = "\n".join(rows)
    if len(text) > characters:
        head = characters // 3
        text = text[:head] + "\n… cut here …\n" + text[len(text) - (characters - head) :]
    return text
