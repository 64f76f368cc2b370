"""Times and sizes as people say them."""

from __future__ import annotations

import pytest

from amltasks.report.model import CellOutcome, Outcome
from amltasks.report.wording import CELL_OUTCOMES, OUTCOMES, duration_words
from amltasks.sizes import size_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.0, "0.00 s"),
        (0.426, "0.43 s"),
        (9.999, "10.0 s"),
        (59.96, "1 min"),
        (185, "3 min 5 s"),
        (3599.9, "1 h"),
        (7800, "2 h 10 min"),
    ],
)
def test_durations(seconds: float | None, words: str) -> None:
    assert duration_words(seconds) == words


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 bytes"), (3_500, "3.4 KiB"), (78 << 20, "78.0 MiB"), (5 << 30, "5.0 GiB")]
)
def test_sizes(size: int, words: str) -> None:
    assert size_words(size) == words


def test_every_outcome_has_words() -> None:
    assert set(OUTCOMES) == set(Outcome)
    assert set(CELL_OUTCOMES) == set(CellOutcome)
