"""Lengths of time as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amltasks.durations import parse_duration
from amltasks.errors import UserError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20 min", 1200),
        ("90s", 90),
        ("1h 30m", 5400),
        ("1 h, 5 min", 3900),
        ("1.5 Hours", 5400),
        ("2d", 172800),
        ("250ms", 0.25),
        ("1200", 1200),
    ],
)
def test_numbers_with_units_and_plain_seconds_are_understood(text: str, seconds: float) -> None:
    assert parse_duration(text, "cellTimeout") == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["0", "none", "0 min", " None ", "unlimited"])
def test_nothing_means_no_bound(text: str) -> None:
    assert parse_duration(text, "cellTimeout") is None


@pytest.mark.parametrize("text", ["", "soon", "-5", "1h 30", "1 fortnight", "1e9", "5 min ago", "inf", "nan", "٣ min"])
def test_anything_else_is_answered_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(UserError, match=r"cellTimeout: .* write for example 20 min, 90s, 1h 30m, 300"):
        parse_duration(text, "cellTimeout")


def test_more_than_a_year_is_a_mistake() -> None:
    with pytest.raises(UserError, match="more than a year"):
        parse_duration("9999 days", "runTimeout")


@given(hours=st.integers(0, 99), minutes=st.integers(0, 59), seconds=st.integers(0, 59))
def test_parts_add_up(hours: int, minutes: int, seconds: int) -> None:
    total = hours * 3600 + minutes * 60 + seconds
    assert parse_duration(f"{hours}h {minutes} min {seconds}s", "x") == (total or None)


@given(st.text(max_size=30))
def test_any_text_is_seconds_or_a_sentence(text: str) -> None:
    try:
        seconds = parse_duration(text, "x")
    except UserError:
        return
    assert seconds is None or 0 < seconds <= 366 * 24 * 3600
