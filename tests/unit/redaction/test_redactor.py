"""The door: JSON, texts that follow one another, files, what was found, speed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from amltasks.redaction import MASK, Redactor

SECRET = 'S3cr3t+/=pa ss&w\u00f6rd"<%>'


@pytest.fixture
def redactor() -> Redactor:
    return Redactor({"password": SECRET, "number": "90071992547409"})


def test_keys_values_and_numbers_of_json_are_redacted(redactor: Redactor) -> None:
    """Two keys that become equal both stay."""
    value = {SECRET: 1, f"a{SECRET}": [SECRET, {"n": 90071992547409}], f"b {SECRET}": True, "x": None}

    assert redactor.value(value) == {MASK: 1, f"a{MASK}": [MASK, {"n": MASK}], f"b {MASK}": True, "x": None}
    assert redactor.value({SECRET: 1, SECRET.upper(): 2}) == {MASK: 1, f"{MASK} 2": 2}


def test_a_list_of_bytes_is_redacted_as_one(redactor: Redactor) -> None:
    assert redactor.value(list(SECRET.encode())) == [MASK]
    assert redactor.value([1, 2.5, 3]) == [1, 2.5, 3]
    assert redactor.value([1, 2.5, 90071992547409]) == [1, 2.5, MASK]


def test_large_tables_of_numbers_take_no_time(redactor: Redactor) -> None:
    """Interactive charts hold their data as JSON."""
    data = {"x": [number / 7 for number in range(300_000)]}
    started = time.process_time()

    assert redactor.value(data) == data

    assert time.process_time() - started < 3  # measured: 0.3 s


def test_json_too_deep_to_walk_through_is_not_shown(redactor: Redactor) -> None:
    """What cannot be searched cannot be trusted."""
    deep: object = SECRET
    for _ in range(100_000):
        deep = [deep]

    assert SECRET not in str(redactor.value({"deep": deep}))


def test_a_secret_over_three_texts_is_found(redactor: Redactor) -> None:
    assert redactor.segments(["a " + SECRET[:5], SECRET[5:9], SECRET[9:] + " b"]) == ["a ***", "***", "*** b"]


def test_found_has_names_only_of_what_was_found(redactor: Redactor) -> None:
    redactor.text("nothing")
    assert redactor.found == frozenset()

    redactor.text(SECRET)
    assert redactor.found == {"password"}


def test_a_file_is_redacted_in_place(redactor: Redactor, tmp_path: Path) -> None:
    """Bytes that are no UTF-8 stay; a file without a secret is not touched."""
    file, other = tmp_path / "a.log", tmp_path / "b.log"
    file.write_bytes(b"\xff\xfe " + SECRET.encode() + b"\r\n\x80")
    other.write_bytes(b"\xff nothing")
    before = other.stat().st_mtime_ns

    assert redactor.file(file) == {"password"}
    assert redactor.file(other) == frozenset()

    assert file.read_bytes() == b"\xff\xfe ***\r\n\x80"
    assert other.stat().st_mtime_ns == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.log", "b.log"]


def test_a_secret_on_the_border_of_search_windows_is_found(redactor: Redactor) -> None:
    """Large texts are searched in windows of a million characters."""
    for shift in (-30, -1, 0):
        text = "ü" * ((1 << 20) + shift) + SECRET + "x" * (1 << 20)

        assert redactor.text(text) == text.replace(SECRET, MASK)


@pytest.mark.parametrize(
    "line",
    ["the quick brown fox 0.4567 jumps over 12 lazy dogs\n", "tür 100 % \x1b[32mok\x1b[0m <b>&amp;</b> C:\\new\n"],
)
def test_sixty_megabytes_pass_in_seconds(line: str) -> None:
    """Fifty secrets cost no more than one: time is linear in the text alone."""
    redactor = Redactor({f"secret {number}": f"{number:02}-Vq8~{number * 7919}-xYz" for number in range(50)})
    text = line * (60_000_000 // len(line))
    started = time.process_time()

    assert redactor.text(text) == text

    assert time.process_time() - started < 15  # measured: 0.6 and 8 s on an idle core
