"""Rules that a deployment has to keep to, against samples."""

from __future__ import annotations

import pytest

from amltasks.endpoints.rules import Rules, joined, parse_rules
from amltasks.endpoints.smoke.sampling import Comparison, Sample

GOOD = Sample(requests=10, errors=0, seconds=(0.1,) * 10)
ONE_FAILED = GOOD.model_copy(update={"errors": 1, "faults": {"Status 500.": 1}})
TWO_FAILED = GOOD.model_copy(update={"errors": 2})


def test_rules_are_read_as_people_write_them() -> None:
    rules = parse_rules("{requests: 50, concurrency: 2, errorRate: 1%, p95: 500 ms, slowerBy: 50%, difference: 0}")

    assert rules == Rules(
        requests=50, concurrency=2, error_rate=0.01, latencies={95: 0.5}, slower_by=0.5, difference=0.0
    )
    assert parse_rules("") == Rules()


@pytest.mark.parametrize(
    ("sample", "rules", "sentence"),
    [
        (GOOD, "", ""),
        (
            GOOD.model_copy(update={"errors": 1, "faults": {"Status 500.": 1}}),
            "",
            "1 of 10 requests failed: Status 500.",
        ),
        (GOOD.model_copy(update={"errors": 1}), "errorRate: 10%", ""),
        (
            GOOD.model_copy(update={"errors": 2}),
            "errorRate: 10%",
            "2 of 10 requests failed (at most 0.1 of them may): ",
        ),
        (GOOD, "p95: 100 ms", ""),
        (GOOD, "p50: 99 ms", "p50 is 100 ms, more than 99 ms."),
    ],
)
def test_the_first_broken_one_is_told(sample: Sample, rules: str, sentence: str) -> None:
    assert parse_rules(rules).broken(sample) == sentence


@pytest.mark.parametrize(
    ("seconds", "differing", "rules", "sentence"),
    [
        (0.1, 0, "{slowerBy: 0, difference: 0}", ""),
        (0.16, 0, "slowerBy: 50%", "p95 is 160 ms, and 100 ms before: more than 50% slower."),
        (0.14, 0, "slowerBy: 50%", ""),
        (0.1, 1, "difference: 0", "1 of 10 answers differ from those before. doubles: result[0]."),
        (0.1, 1, "difference: 10%", ""),
    ],
)
def test_what_serves_now_is_compared_with(seconds: float, differing: int, rules: str, sentence: str) -> None:
    new = Sample(requests=10, errors=0, seconds=(seconds,) * 10)
    compared = Comparison(new=new, old=GOOD, compared=10, differing=differing, examples=("doubles: result[0].",))

    assert parse_rules(rules).worse(compared) == sentence


def test_samples_add_up() -> None:
    bad = Sample(requests=2, errors=2, seconds=(0.5,), faults={"Status 500.": 2})

    assert joined([GOOD, bad, bad]) == Sample(
        requests=14, errors=4, seconds=(*GOOD.seconds, 0.5, 0.5), faults={"Status 500.": 4}
    )
