"""The expression language: functions, conversions, and what it says of nonsense."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.agent.expressions import ExpressionError, Scope, parse

NAMES: dict[str, Any] = {
    "variables": {"Build.Reason": "PullRequest", "count": "10", "empty": ""},
    "parameters": {"list": ["a", "B"], "object": {"Key": {"deep": 1}}, "flag": True},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("eq(variables['build.reason'], 'pullrequest')", True),
        ("variables.count", "10"),
        ("variables.absent", None),
        ("parameters.object.key.DEEP", 1),
        ("parameters.list[1]", "B"),
        ("parameters.list[7]", None),
        ("eq(1, '1.0')", True),
        ("eq('1', 1.0)", True),
        ("eq(true, 'anything')", True),
        ("eq(false, '')", True),
        ("eq('True', true)", True),
        ("eq(null, '')", True),
        ("ne(1, 'x')", True),
        ("gt(variables.count, '9')", False),
        ("gt(10, '9')", True),
        ("le(2, 2)", True),
        ("lt('a', 'B')", True),
        ("ge(-1.5, -2)", True),
        ("and(true, 'x', 1)", True),
        ("and(true, '')", False),
        ("or(false, 0, 'x')", True),
        ("and(false, nonsense.that.is.not.reached)", False),
        ("xor(true, false)", True),
        ("not(null)", True),
        ("in('b', 'a', 'B')", True),
        ("notIn('c', 'a', 'b')", True),
        ("contains('Hello', 'ELL')", True),
        ("contains(parameters.list, 'b')", True),
        ("containsValue(parameters.list, 'a')", True),
        ("startsWith('Hello', 'he')", True),
        ("endsWith('Hello', 'LO')", True),
        ("coalesce(variables.empty, variables.absent, 'c', 'd')", "c"),
        ("format('{0} of {1} {{x}}', 1, 'two')", "1 of two {x}"),
        ("join(', ', parameters.list)", "a, B"),
        ("length(parameters.list)", 2),
        ("lower('AbC')", "abc"),
        ("upper('aBc')", "ABC"),
        ("trim('  x ')", "x"),
        ("replace('a-b-c', '-', '+')", "a+b+c"),
        ("split('a,b', ',')", ["a", "b"]),
        ("iif(parameters.flag, 'yes', 'no')", "yes"),
        ("convertToJson(parameters.list)", '[\n  "a",\n  "B"\n]'),
        ("'it''s'", "it's"),
        ("IN('x', 'X')", True),
    ],
)
def test_an_expression_has_the_value_that_the_service_gives_it(text: str, expected: Any) -> None:
    assert parse(text).evaluate(Scope(NAMES)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("eq(1", "Expected '\\)' but found 'the end'"),
        ("eq(1, 2) 3", "Expected the end but found '3'"),
        ("unknown(1)", "Unrecognized function: 'unknown'"),
        ("nobody.home", "Unrecognized value: 'nobody'. Known here: variables, parameters"),
        ("eq(1)", "eq: missing a required argument"),
        ("gt(1, 'x')", "Unable to convert 'x' to a number"),
        ("upper(parameters.list)", "A sequence cannot be used as text"),
        ("format('{1}', 0)", "there is no argument 1"),
        ("a & b", "Unexpected symbol: '& b'"),
        ("", "Unexpected 'end'"),
    ],
)
def test_nonsense_is_told_as_such(text: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        parse(text).evaluate(Scope(NAMES))
