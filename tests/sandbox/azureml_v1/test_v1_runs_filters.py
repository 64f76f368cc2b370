"""The language in which runs are asked for, against what it means."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.azure.history.filters import FilterError, Row, parse

ROW = Row(
    fields={
        "runid": "first_1",
        "parentrunid": None,
        "status": "Completed",
        "runnumber": 7,
        "hidden": False,
        "createdutc": datetime(2026, 11, 21, 9, 4, 39, 500000, timezone.utc),
        "starttimeutc": None,
    },
    members={"tags": {"build": "7", "lonely": None, "a.b-c": "x"}, "properties": {"azureml.runsource": "hyperdrive"}},
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "RunId eq first_1",
        "runid EQ first_1",
        'RunId eq "first_1"',
        "RunId eq 'first_1'",
        "(ParentRunId eq null)",
        "StartTimeUtc eq null",
        "Status ne null",
        "Status eq Completed and RunNumber eq 7",
        "RunNumber gt 6 and RunNumber le 7 and not RunNumber lt 7",
        "Hidden eq false",
        "CreatedUtc ge 2026-11-21 09:04:39.500000+00:00",
        "CreatedUtc lt 2026-11-21T09:04:40Z",
        'CreatedUtc gt "2026-11-21T09:04"',
        'Tags/build eq "7"',
        "Tags/a.b-c eq x",
        "Tags/lonely eq null",
        "(Tags/lonely ne null or Tags/lonely eq null)",
        "(RunType eq hyperdrive or Properties/azureml.runsource eq hyperdrive)",
        '((Tags/build eq "7") and (ParentRunId eq null))',
        "Status eq Failed or Status eq Running or Status eq Completed",
        "Status eq Completed or Status eq Failed and RunNumber eq 8",
        "not (Status eq Failed or RunNumber eq 8)",
        'not not Status eq "Completed"',
    ],
)
def test_these_find_the_run(text: str) -> None:
    row = Row({**ROW.fields, "runtype": None}, ROW.members)

    assert parse(text)(row)


@pytest.mark.parametrize(
    "text",
    [
        "RunId eq FIRST_1",
        "RunId eq null",
        'ParentRunId eq "null"',
        "ParentRunId ne null",
        "ParentRunId gt a",
        "(Status eq Completed or Status eq Failed) and RunNumber eq 8",
        "Tags/Build eq 7",
        "Tags/absent eq null",
        "Tags/absent ne null",
        "(Tags/absent ne null or Tags/absent eq null)",
        "not Tags/absent eq 7",
        "not (Tags/absent eq 7 and Status eq Completed)",
        "StartTimeUtc lt 2027-01-01T00:00:00Z",
    ],
)
def test_these_do_not(text: str) -> None:
    assert not parse(text)(ROW)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Status", "Expected one of eq, ne"),
        ("Status is Completed", "'is' is none of eq, ne"),
        ("Status eq", "Expected a value at the end"),
        ("Status eq Completed and", "Expected the name of a field at the end"),
        ("(Status eq Completed", "Expected a closing bracket at the end"),
        ("Status eq Completed)", "Expected and, or or the end at ')'"),
        ("Status eq Completed Failed", "Expected and, or or the end at 'Failed'"),
        ('Status eq "Completed', "Expected a value at '\"Completed'"),
        ("and", "Expected one of eq, ne"),
        ("(" * 200 + "Status eq x" + ")" * 200, "nested deeper than 100"),
    ],
)
def test_what_is_not_of_the_language_is_refused(text: str, says: str) -> None:
    with pytest.raises(FilterError, match=re.escape(says)):
        parse(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Colour eq blue", "There is no field 'Colour'"),
        ("Metrics/loss gt 1", "There is no field 'Metrics/loss'"),
        ("RunNumber gt many", "'many' cannot be compared with a field that is like '7'"),
        ("CreatedUtc gt yesterday", "'yesterday' cannot be compared"),
        ("Hidden eq maybe", "'maybe' cannot be compared"),
    ],
)
def test_what_cannot_be_compared_is_refused(text: str, says: str) -> None:
    with pytest.raises(FilterError, match=re.escape(says)):
        parse(text)(ROW)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
quotes = st.sampled_from("\"'")


@given(texts, texts, quotes)
def test_quoted_texts_are_what_they_were(value: str, other: str, quote: str) -> None:
    row = Row({"name": value}, {})
    literal = quote + other.replace(quote, quote * 2) + quote

    assert parse(f"Name eq {literal}")(row) == (value == other)
    assert parse(f"Name ne {literal}")(row) == (value != other)


# An expression, and what it must say: of the fields a to d, which are true, false, or unknown members.
NAMES = {"a": True, "b": False, "Tags/c": None, "d": True}
LOGIC = Row({"a": "yes", "b": "no", "d": "yes"}, {"tags": {}})
leaves = st.sampled_from([(f"{name} eq yes", value) for name, value in NAMES.items()])


def _combined(inner: st.SearchStrategy[tuple[str, bool | None]]) -> st.SearchStrategy[Any]:
    def joined(parts: list[tuple[str, bool | None]], word: str) -> tuple[str, bool | None]:
        values = [value for _, value in parts]
        decisive = word == "or"
        told = decisive if decisive in values else None if None in values else not decisive
        return f" {word} ".join(f"({text})" for text, _ in parts), told

    return st.one_of(
        st.builds(joined, st.lists(inner, min_size=2, max_size=4), st.sampled_from(["and", "or"])),
        inner.map(lambda part: (f"not ({part[0]})", None if part[1] is None else not part[1])),
    )


@given(st.recursive(leaves, _combined, max_leaves=20))
def test_and_or_and_not_mean_what_they_mean(expression: tuple[str, bool | None]) -> None:
    text, expected = expression

    assert parse(text)(LOGIC) == (expected is True)


@given(st.lists(st.sampled_from(["and", "or"]), max_size=6), st.lists(st.booleans(), min_size=7, max_size=7))
def test_and_binds_more_than_or(words: list[str], values: list[bool]) -> None:
    leaves = ["a eq yes" if value else "a eq no" for value in values]
    text, python = leaves[0], str(values[0])
    for word, leaf, value in zip(words, leaves[1:], values[1:], strict=False):
        text, python = f"{text} {word} {leaf}", f"{python} {word} {value}"

    assert parse(text)(LOGIC) == eval(python)


@given(st.text(alphabet="ab() \"'/eqandort7-:null.", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        told = parse(text)(LOGIC)
    except FilterError:
        return
    assert told in (True, False)
