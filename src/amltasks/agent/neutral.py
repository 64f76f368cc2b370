"""Makes foreign text harmless in a log: no logging command, no terminal control, nothing invisible.

The agent looks for `##vso[` anywhere in a line, on both streams, and its comparison may skip characters that show
nothing; `##[` formats a line. Whatever comes from notebooks, file names or services passes here before it is printed.
"""

from __future__ import annotations

import re

_HARMLESS = re.compile(r"[\t\n\x20-\x22\x24-\x7e\xa0-\xac\xae-\u02ff]*")

_STRING_END = r"(?:\x07|\x1b\\|\x9c)"
_TERMINAL_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, screen
    rf"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x90\x98\x9c-\x9f\n\r]*{_STRING_END}"  # OSC, DCS …
    r"|\x1b[ -/]*[0-Z\\^-~]"  # other escapes: character sets, reset, keypad
)
_LINE_LIKE = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
# Joiners and selectors stay in text (scripts and emoji need them), but not between the characters of a marker.
_IGNORED = "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200c\u200d\u3164\ufe00-\ufe0f\uffa0]*"
_MARKER = re.compile(rf"#{_IGNORED}#{_IGNORED}(?=(?:v{_IGNORED}s{_IGNORED}o{_IGNORED})?\[)", re.IGNORECASE)


def neutralise(text: str) -> str:
    """The text as a person would see it on a screen, safe to print; lines stay lines.

    `##vso[` becomes `##_vso[`; a progress bar drawn with carriage returns becomes its last state.
    """
    if _HARMLESS.fullmatch(text):
        return text
    text = _TERMINAL_SEQUENCE.sub("", text)
    if "\r" in text:
        text = "\n".join(map(_last_state, text.split("\n")))
    if "\b" in text:
        text = _without_erased(text)
    text = _LINE_LIKE.sub(" ", text)
    text = _INVISIBLE.sub("", text)
    text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    return _MARKER.sub("##_", text)


def one_line(text: str, limit: int = 300) -> str:
    """The same on one line, cut to `limit` characters: for titles, file names and messages."""
    line = " ".join(neutralise(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _without_erased(text: str) -> str:
    """The text once every backspace has erased what stands before it on its line."""
    kept: list[str] = []
    for character in text:
        if character != "\b":
            kept.append(character)
        elif kept and kept[-1] != "\n":
            kept.pop()
    return "".join(kept)


def _last_state(line: str) -> str:
    """What a line shows once every carriage return has been obeyed."""
    return next((state for state in reversed(line.split("\r")) if state), "")
