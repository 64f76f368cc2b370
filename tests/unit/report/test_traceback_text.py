"""Long tracebacks: what a person needs first is kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from amltasks.report.traceback_text import condensed

LIBRARY = "\n\n".join(f"File /venv/pandas/frame{i}.py:{i}, in f(x)\n   1 {'code ' * 30}\n-> 2 go()" for i in range(20))
CELL = 'Cell In[5], line 1\n----> 1 pressure = delivery["blood_pressure"]'
ERROR = "KeyError: 'blood_pressure'"
LONG = f"---------\nKeyError   Traceback (most recent call last)\n{CELL}\n\n{LIBRARY}\n\n{ERROR}"


def test_a_short_traceback_stays_as_it_is() -> None:
    assert condensed(f"{CELL}\n\n{ERROR}\n", 1000) == f"{CELL}\n\n{ERROR}"


def test_the_cells_lines_and_the_error_are_kept_and_library_frames_go() -> None:
    short = condensed(LONG, 1000)

    assert CELL in short
    assert short.endswith(ERROR)
    assert "frame19" in short
    assert "frame3.py" not in short


def test_of_chained_errors_the_last_is_kept() -> None:
    cause = f"{LIBRARY}\n\nKeyError: 'first'"
    chained = f"{cause}\n\nThe above exception was the direct cause of the following exception:\n\n{LONG}"

    short = condensed(chained, 1000)

    assert "'first'" not in short
    assert CELL in short


def test_one_endless_line_keeps_its_end() -> None:
    assert condensed("x" * 5000 + "end", 100).endswith("xend")


@given(st.text(alphabet="ab \n", max_size=400), st.integers(min_value=1, max_value=300))
def test_it_is_never_longer_than_allowed(text: str, longest: int) -> None:
    assert len(condensed(text, longest)) <= longest
