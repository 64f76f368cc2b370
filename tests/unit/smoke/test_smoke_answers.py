"""What is wrong with an answer, in sentences; and what is within a tolerance."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from amltasks.endpoints.smoke.answers import Answer, close, differences, judged, percentile, slow
from amltasks.endpoints.smoke.reading import read_cases

NUMBERS = st.one_of(st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False, width=32))
TOLERANCES = st.floats(0, 1e6, allow_nan=False)
SHARES = st.floats(0, 10, allow_nan=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


def faults(expect: Any, body: Any, status: int = 200) -> tuple[str, ...]:
    (case,) = read_cases(json.dumps({"cases": [{"body": 1, "expect": expect}]}), Path())
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return judged(case.expect, Answer(status=status, body=content, headers={"content-type": "application/json"}))


@pytest.mark.parametrize(
    ("expect", "body", "sentence"),
    [
        ({}, {"result": [1]}, None),
        ({}, b"<html>busy</html>", "The response is an HTML page, not JSON"),
        ({}, b"", "The response is empty"),
        ({}, b'{"result": [NaN]}', "The response holds NaN, which JSON does not have"),
        ({}, b'{"a": 1} {"b": 2}', "The response has more text after the end"),
        ({}, b"\x89PNG\x00", "bytes of 'application/json'"),
        ({"json": False}, b"fine", None),
        ({"text": "^fine$"}, b"fine", None),
        ({"text": "^fine$"}, b"finer", "The response does not match '^fine$': finer."),
        ({"values": {"result[0]": 1.5}}, {"result": [1.5]}, None),
        ({"values": {"result[0]": 1.5}}, {"result": [1.6]}, "result[0] is 1.6, and 1.5 was expected."),
        ({"values": {"result[0]": {"value": 1.5, "relative": "10%"}}}, {"result": [1.6]}, None),
        (
            {"values": {"r": {"value": 1.5, "absolute": 0.05}}},
            {"r": 1.6},
            "r is 1.6, and 1.5 (±0.05, ±0%) was expected.",
        ),
        ({"values": {"r": 1}}, {"r": True}, "r is 'true', and '1' was expected."),
        ({"values": {"r": [1, 2]}}, {"r": [1, 3]}, "r[1] is 3, and 2 was expected."),
        ({"values": {"r": {"a": 1}}}, {"r": {"b": 1}}, "r.a is missing."),
        ({"values": {"r[*].ok": True}}, {"r": [{"ok": True}, {"ok": False}]}, "r[*].ok is 'false'"),
        ({"values": {"r[2]": 1}}, {"r": [1]}, "There is no r[2]: r has 1 item, and no 2."),
        ({"values": {"$": 7}}, 8, "The response is 8, and 7 was expected."),
        ({"length": {"r": 2}}, {"r": [1, 2]}, None),
        ({"length": {"r": 2}}, {"r": [1]}, "r has the length 1, and 2 was expected."),
        ({"length": {"r": 2}}, {"r": 7}, "r has no length, and 2 was expected."),
        ({"matches": {"v": "^1\\."}}, {"v": "1.2"}, None),
        ({"matches": {"v": "^1\\."}}, {"v": "2.1"}, "v is '2.1', which does not match '^1\\\\.'."),
        ({"schema": {"required": ["result"]}}, {"result": 1}, None),
        ({"schema": {"required": ["result"]}}, {"error": 1}, "The response does not keep to the schema: 'result' is"),
        ({"schema": {"properties": {"r": {"type": "array"}}}}, {"r": 1}, "r does not keep to the schema: 1 is not of"),
        ({"schema": {"$ref": "https://example.org/schema.json"}}, 1, "refers to 'https://example.org/schema.json'"),
        ({"schema": False}, 1, "does not keep to the schema"),
    ],
)
def test_each_expectation_has_its_sentence(expect: Any, body: Any, sentence: str | None) -> None:
    found = faults(expect, body)

    assert bool(found) == bool(sentence), found
    assert sentence is None or sentence in found[0]


def test_json_in_a_text_is_looked_into() -> None:
    """As scoring scripts answer that return `json.dumps(…)`."""
    assert faults({"values": {"result[0]": 1}, "schema": {"type": "object"}}, json.dumps({"result": [1]})) == ()
    assert "is JSON in a text, and that holds NaN" in faults({}, '{"result": [NaN]}')[0]
    assert faults({"values": {"$": "{text"}}, "{text") != ()


def test_another_status_is_told_with_its_reason_and_the_response() -> None:
    assert faults({}, b"why not", status=401) == (
        "Status 401 (the key or token is missing or not accepted), and 2xx was expected: why not.",
    )
    assert faults({"status": [400, 404]}, {"error": "x"}, status=400) == ()
    assert faults({"status": "4xx"}, {"error": "x"}) == ('Status 200, and 4xx was expected: {"error": "x"}.',)


def test_percentiles_are_of_the_nearest_rank() -> None:
    seconds = [number / 100 for number in range(1, 101)]
    (case,) = read_cases("cases: [{body: 1, expect: {p50: 500 ms, p95: 94 ms}}]", Path())

    assert percentile(seconds, 95) == 0.95
    assert percentile([3.0], 99) == 3.0
    assert slow(case.expect, seconds) == ("p95 is 950 ms of 100 answers, and 94 ms were expected.",)
    assert slow(case.expect, []) == ()


@given(NUMBERS, NUMBERS, TOLERANCES, SHARES)
def test_what_is_close_is_within_one_of_the_tolerances(
    expected: float, value: float, absolute: float, relative: float
) -> None:
    """Exactly so, but for what rounding may add or take."""
    distance = abs(Fraction(expected) - Fraction(value))
    bound = max(Fraction(absolute), Fraction(relative) * abs(Fraction(expected)))
    slack = Fraction(1, 10**8) * (abs(Fraction(expected)) + abs(Fraction(value)))
    assume(abs(distance - bound) > slack)

    assert close(expected, value, absolute, relative) == (distance < bound)


@given(NUMBERS, NUMBERS, TOLERANCES, TOLERANCES)
def test_a_wider_tolerance_lets_no_less_pass(expected: float, value: float, one: float, other: float) -> None:
    narrow, wide = sorted((one, other))

    assert close(expected, value, wide, 0.0) or not close(expected, value, narrow, 0.0)
    assert close(expected, expected, narrow, 0.0)


@given(JSON)
def test_nothing_differs_from_itself(document: Any) -> None:
    again = json.loads(json.dumps(document))

    assert differences(document, again) == []


@given(st.lists(NUMBERS, min_size=1, max_size=5), st.data())
def test_one_changed_number_is_one_difference(numbers: list[float], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(numbers) - 1))
    changed = [*numbers]
    changed[index] += 1 + abs(changed[index])

    (told,) = differences({"r": numbers}, {"r": changed})

    assert told.startswith(f"r[{index}] is ")


@given(st.lists(st.floats(0, 100), min_size=1), st.sampled_from([50, 90, 95, 99]))
def test_as_many_as_the_percentile_says_are_no_slower(seconds: list[float], number: int) -> None:
    bound = percentile(seconds, number)

    assert bound in seconds
    assert sum(each <= bound for each in seconds) >= math.floor(len(seconds) * number / 100)


def test_a_whole_number_that_no_float_holds_is_compared() -> None:
    assert not close(10**400, 1.5, 0.1, 0.1)
    assert close(10**400, 10**400, 0.0, 0.0)
