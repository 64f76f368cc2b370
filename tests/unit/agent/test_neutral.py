"""Foreign text in a log acts on nothing and stays readable (hostile/h2)."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amltasks.agent.neutral import neutralise, one_line

COMMANDS = [
    "##vso[task.setvariable variable=pwned]x",
    "##VsO[task.complete result=Succeeded;]",
    "##[error]x",
    "##[group]x",
]
DISGUISES = [
    "{}",
    "  \t{}",
    "prefix\r{}",
    "x{}",
    "#{}",
    "\x1b[0m{}",
    "\x1b[2K\r{}",
    "\u200b{}",
    "a\x0b{}",
    "a\x0c{}",
    "a\x85{}",
    "a\u2028{}",
    "#\b{}",
    "\x1b]0;title\x07{}",
    "\x1b]unterminated {}",
    "\x1bP{}\x1b\\{}",
]
# What may stand between the characters of a marker without being seen, whatever compares it.
BETWEEN = [
    "",
    "\u200b",
    "\u200d",
    "\u00ad",
    "\ufeff",
    "\x00",
    "\x1b[0m",
    "\x1b]8;;\x07",
    "\u2060",
    "\ufe0f",
    "\x08\u200b",
    "\u180e",
]


def acts(text: str) -> bool:
    """Whether an agent that skips all that has no width would find a marker."""
    visible = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Mn") or c in "\n\t")
    return re.search(r"##(vso)?\[", visible, re.IGNORECASE) is not None


@pytest.mark.parametrize("disguise", DISGUISES)
def test_no_marker_survives_in_any_disguise(disguise: str) -> None:
    for command in COMMANDS:
        marker, name, rest = command.partition("[")
        for between in BETWEEN:
            text = disguise.replace("{}", between.join(marker + name) + rest)

            assert not acts(neutralise(text)), repr(text)
            assert not acts(one_line(text)), repr(text)


def test_a_marker_stays_readable() -> None:
    assert (
        neutralise("say ##vso[task.complete]done and ##[error]no") == "say ##_vso[task.complete]done and ##_[error]no"
    )


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("10%\r20%\rdone", "done"),
        ("10%\r20%\r\n", "20%\n"),
        ("windows\r\nlines\r\n", "windows\nlines\n"),
        ("abc\b\b\bXYZ", "XYZ"),
        ("\n\bx", "\nx"),
        ("\x1b[31mred\x1b[0m \x9b1mbold", "red bold"),
        ("\x1b]8;;https://a.invalid\x07link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;cHduZWQ=\x07", ""),
        ("\x1b[2J\x1b[H\x1bc\x1b(B\x1b=\x1b7", ""),
        ("a\x00b\x07c\x7fd", "abcd"),
        ("a\u202etxt.exe\u202c", "atxt.exe"),
        ("lone \ud83d", "lone \ufffd"),
        ("a\x0bb\u2028c", "a b c"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("👩\u200d👧 ✔\ufe0f नी \u4e2d\u6587 ü", "👩\u200d👧 ✔\ufe0f नी \u4e2d\u6587 ü"),
        ("# heading\n## [link](x) # [ ] a[1]##b", "# heading\n## [link](x) # [ ] a[1]##b"),
    ],
)
def test_what_is_left_is_what_a_screen_would_show(text: str, seen: str) -> None:
    assert neutralise(text) == seen


def test_one_line_is_one_line_of_bounded_length() -> None:
    assert one_line(" a\n\n##vso[x]b\r\n c\td ") == "a ##_vso[x]b c d"
    assert one_line("x" * 500, 10) == "x" * 9 + "…"


@given(
    st.text(st.sampled_from("#[]vsoVSO\x1b\x07\\;m0\r\n\b\u200b\u200d\x9b\x9c\u00ad ") | st.characters(), max_size=60)
)
def test_nothing_acts_whatever_the_text(text: str) -> None:
    """And what is harmless once stays as it is."""
    safe = neutralise(text)

    assert not acts(safe)
    assert neutralise(safe) == safe
    assert not set(safe) & set("\x1b\r\b\x00\x9b\u202e")
    safe.encode("utf-8")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", ["\x1b[38;5;1;", "\x1b]0;", "\x1bP", "#", "\b", "\r", "##\u200d", "\x9d", "a\b"])
def test_long_hostile_text_takes_linear_time(part: str) -> None:
    assert len(neutralise(part * 200_000)) <= 8 * 200_000
