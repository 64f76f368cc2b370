"""Text that arrives in pieces: safe, and not later than it must be."""

from __future__ import annotations

from collections.abc import Iterable

from amltasks.redaction import MASK, Redactor

SECRET = "Tr0ub4dor&3 horse"


def shown(pieces: Iterable[str]) -> list[str]:
    """What appears after each piece, and at the end."""
    stream = Redactor({"s": SECRET}).stream()
    return [*(stream.feed(piece) for piece in pieces), stream.close()]


def test_text_that_begins_no_secret_is_shown_at_once() -> None:
    assert shown(["hello ", "world\n"]) == ["hello ", "world\n", ""]


def test_the_beginning_of_a_secret_waits_for_what_follows() -> None:
    assert shown(["is Tr0ub", "4dor, or no."]) == ["is ", "Tr0ub4dor, or no.", ""]
    assert shown(["is Tr0ub", "4dor&3 horse!"]) == ["is ", f"{MASK}!", ""]


def test_one_character_at_a_time() -> None:
    assert "".join(shown(f"a {SECRET} b {SECRET}")) == f"a {MASK} b {MASK}"


def test_an_escape_cut_in_two_is_waited_for() -> None:
    assert "".join(shown(["Tr0ub4dor%2", "63%20horse."])) == f"{MASK}."
    assert "".join(shown(["Tr0ub4dor&am", "p;3 horse."])) == f"{MASK}."
    assert "".join(shown(["Tr0ub\x1b[3", "1m4dor&3 horse."])) == f"{MASK}."


def test_a_line_is_not_held_back_for_an_accidental_letter() -> None:
    """`t` begins the secret, but a finished line must not wait for the next one; three letters betray nothing."""
    assert shown(["at last\n"]) == ["at last\n", ""]
    assert "".join(shown(["Tr0\n", "ub4dor&3 horse\n"])) == f"Tr0\n{MASK}\n"


def test_one_character_a_line_betrays_three_at_most() -> None:
    text = "".join(shown(f"{character}\n" for character in SECRET))

    assert text.replace("\n", "").startswith("Tr0***")
    assert "u" not in text


def test_what_was_shown_is_remembered_until_the_end_only() -> None:
    stream = Redactor({"s": SECRET}).stream()

    first = stream.feed(SECRET[:3] + "\n") + stream.close()

    assert first == "Tr0\n"
    assert stream.feed(SECRET[3:]) + stream.close() == SECRET[3:]


def test_an_endless_beginning_is_let_go() -> None:
    """Memory stays bounded."""
    stream = Redactor({"s": "x" * 5 + "y" * 5 + "zz12"}).stream()

    text = "".join(stream.feed("x" * 1000 + " " * 1000) for _ in range(200))

    assert len(text) > 300_000
