"""The gate's verdicts: single cases as a table, and what holds for all values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amltasks.errors import UserError
from amltasks.models.gate import Verdict, combined, compare
from amltasks.models.rules import Direction, Rule, Tolerance, read_rules

B, E, W, U, F = Verdict.BETTER, Verdict.EQUAL, Verdict.WORSE, Verdict.UNKNOWN, Verdict.FIRST
OPPOSITE = {B: W, W: B, E: E, U: U}

values = st.floats(allow_nan=False, allow_infinity=False, width=32)
broken = st.sampled_from([math.nan, math.inf, -math.inf])
directions = st.sampled_from([Direction.HIGHER, Direction.LOWER])
amounts = st.floats(0, 1e6, allow_nan=False)
tolerances = st.builds(Tolerance, absolute=amounts, relative=st.floats(0, 2, allow_nan=False))
unbounded = st.builds(Rule, name=st.just("m"), direction=directions, tolerance=tolerances)
quick = settings(max_examples=60)


def verdict(rule: Rule, candidate: float | None, champion: float | None = None, *, first: bool = False) -> Verdict:
    new = {} if candidate is None else {"m": candidate}
    old = None if first else {} if champion is None else {"m": champion}
    return compare([rule], new, old).verdict


@pytest.mark.parametrize(
    ("rule", "candidate", "champion", "expected"),
    [
        ({}, 0.9, 0.8, B),
        ({}, 0.8, 0.9, W),
        ({}, 0.8, 0.8, E),
        ({"direction": "lower"}, 0.8, 0.9, B),
        ({"tolerance": 0.1}, 1.05, 1.0, E),
        ({"tolerance": "10%"}, 95, 100, E),
        ({"tolerance": "1%"}, 95, 100, W),
        ({"minimum": 0.95}, 0.9, 0.8, W),
        ({"direction": "lower", "maximum": 0.2}, 0.3, 0.4, W),
        ({"direction": "none", "maximum": 0.2}, 0.1, 0.05, E),
        ({"direction": "none", "maximum": 0.2}, 0.3, 0.4, W),
        ({"direction": "none", "maximum": 0.2}, 0.1, None, E),
        ({}, None, 0.8, U),
        ({}, 0.8, None, U),
        ({}, math.nan, 0.8, U),
        ({}, 0.8, math.inf, U),
    ],
)
def test_table(rule: dict[str, object], candidate: float | None, champion: float | None, expected: Verdict) -> None:
    (read,) = read_rules([{"name": "m", **rule}])

    assert verdict(read, candidate, champion) is expected


@quick
@given(unbounded, values, values)
def test_turned_round_the_verdict_is_the_opposite(rule: Rule, one: float, other: float) -> None:
    assert verdict(rule, one, other) is OPPOSITE[verdict(rule, other, one)]


@quick
@given(unbounded, values, values, amounts)
def test_more_tolerance_only_makes_equal(rule: Rule, one: float, other: float, more: float) -> None:
    wider = rule.model_copy(
        update={"tolerance": Tolerance(absolute=rule.tolerance.absolute + more, relative=rule.tolerance.relative)}
    )

    assert verdict(wider, one, other) in (E, verdict(rule, one, other))


@quick
@given(directions, values, values, st.none() | values | broken, st.booleans())
def test_a_minimum_binds_whatever_the_champion_has(
    direction: Direction, minimum: float, candidate: float, champion: float | None, first: bool
) -> None:
    rule = Rule(name="m", direction=direction, minimum=minimum)

    assert (verdict(rule, candidate, champion, first=first) is W) >= (candidate < minimum)


@quick
@given(unbounded, broken | st.none(), st.none() | values | broken, st.booleans())
def test_what_is_no_number_is_never_better_nor_worse(
    rule: Rule, candidate: float | None, champion: float | None, first: bool
) -> None:
    assert verdict(rule, candidate, champion, first=first) is U


@quick
@given(unbounded, values)
def test_without_a_champion_it_is_the_first(rule: Rule, candidate: float) -> None:
    assert verdict(rule, candidate, first=True) is F


@quick
@given(st.lists(st.sampled_from(Verdict), min_size=1), st.lists(st.sampled_from(Verdict), min_size=1))
def test_verdicts_combine_in_any_order_and_grouping(one: list[Verdict], other: list[Verdict]) -> None:
    whole = combined([*one, *other])

    assert whole is combined([*other, *one]) is combined([combined(one), combined(other)])
    assert combined([*one, W]) is W
    assert combined([*one, whole]) is combined([*one, whole, whole])


def test_slices_are_named_or_found_by_a_pattern() -> None:
    (rule,) = read_rules([{"name": "recall", "slices": ["EU", "city=*", "none here"], "minimum": 0.5}])
    new = {"recall": 0.9, "recall/EU": 0.8, "recall[city=Rome]": 0.4, "other[EU]": 0.1}
    old = {"recall": 0.8, "recall/EU": 0.8, "recall[city=Oslo]": 0.7}

    found = {each.metric: each.verdict for each in compare([rule], new, old).judgements}

    assert found == {
        "recall": B,
        "recall/EU": E,
        "recall[city=Oslo]": U,  # the champion had it, the new one has not
        "recall[city=Rome]": W,
        "recall[none here]": U,
    }


def test_the_message_has_the_numbers_that_decided() -> None:
    rules = read_rules(["accuracy", {"name": "rmse", "direction": "lower", "tolerance": "1%"}])

    comparison = compare(rules, {"accuracy": 0.9, "rmse": 3.2}, {"accuracy": 0.8, "rmse": 3.0})

    assert comparison.verdict is W
    assert comparison.message == ("rmse 3.2 is worse than the champion's 3 (lower is better, tolerance 1 %).")


def test_numbers_that_differ_are_shown_as_differing() -> None:
    (judgement,) = compare([Rule(name="m")], {"m": 0.80000001}, {"m": 0.8}).judgements

    assert judgement.message.startswith("m 0.80000001 is better than the champion's 0.8 ")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"name": "m"}, "metrics: write a list, with one `- name: accuracy` for each metric."),
        ([{"name": "m", "minimun": 1}], "metrics: 1. 'minimun' is not known (did you mean 'minimum'?): there are "),
        ([3], "metrics: 1. is neither the name of a metric nor a mapping with one."),
        (["m", "m"], "metrics: 'm' is there twice: put what is asked of it into one rule."),
        ([{"name": "m", "tolerance": "much"}], "metrics: 1. tolerance: 'much' is neither a number nor a percentage"),
        ([{"name": "m", "tolerance": -1}], "metrics: 1. a tolerance is not negative."),
        ([{"name": "m", "minimum": 2, "maximum": 1}], "metrics: 1. its minimum is above its maximum."),
        ([{"name": "m", "direction": "none"}], "metrics: 1. direction none asks for a minimum or a maximum."),
        ([{"name": "m", "direction": "up"}], "metrics: 1. direction: "),
        ([{"name": "m", "minimum": math.nan}], "metrics: 1. bounds and tolerances are finite numbers."),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(value: object, sentence: str) -> None:
    with pytest.raises(UserError) as raised:
        read_rules(value)

    assert str(raised.value).startswith(sentence)
