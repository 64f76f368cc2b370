"""What is made of the measurements."""

from __future__ import annotations

import math

import pytest
from benchmark.cases import cases, growths
from benchmark.figures import growth_row, rows_of, table
from benchmark.measuring import Measurement
from benchmark.rounds import Spread, Taken, exponent


def taken(ours: list[float], theirs: list[float]) -> Taken:
    return Taken(
        timed={
            name: [Measurement(began=0, seconds=seconds, cpu=seconds / 2) for seconds in all_seconds]
            for name, all_seconds in (("ours", ours), ("papermill", theirs))
        }
    )


def test_a_ratio_is_the_median_of_the_ratios_of_each_round() -> None:
    assert taken([1, 2, 9], [2, 8, 10]).ratio("papermill") == Spread(0.5, 0.25, 0.9)


@pytest.mark.parametrize(("ours", "met"), [([0.4, 0.45, 2.0], True), ([0.4, 0.46, 0.5], False)])
def test_a_target_is_met_by_the_median(ours: list[float], met: bool) -> None:
    one = next(case for case in cases(quick=False) if case.name == "one")

    (row,) = rows_of(one, taken(ours, [1, 1, 1]))

    assert row["met"] is met
    assert ("| met |" in table([row])) is met


def test_fixed_costs_are_no_growth() -> None:
    assert exponent((100, 1000, 5000), [5 + size / 100 for size in (100, 1000, 5000)]) == pytest.approx(1)


def test_quadratic_growth_is_seen() -> None:
    assert exponent((100, 1000, 5000), [5 + size**2 / 1e5 for size in (100, 1000, 5000)]) == pytest.approx(2, abs=0.1)


def test_two_sizes_say_nothing_of_growth() -> None:
    assert math.isnan(exponent((100, 1000), [1, 2]))


@pytest.mark.parametrize(("power", "verdict"), [(1, "linear"), (1.5, "**not linear**")])
def test_growth_is_told_with_its_exponent_and_memory(power: float, verdict: str) -> None:
    cells = next(growth for growth in growths(quick=False) if growth.name == "growth-cells")
    measured = [
        Measurement(began=0, seconds=1 + size**power / 100, cpu=1, memory=9_000_000, memory_without_kernels=5_000_000)
        for size in cells.sizes
    ]

    text = table([growth_row(cells, measured)])

    assert f": {verdict}; peak memory without kernels 5 MB, 5 MB, 5 MB." in text


def test_every_case_has_a_target_and_a_name_of_its_own() -> None:
    """The table of the engine's targets: a case without one would measure nothing."""
    everything = cases(quick=False)

    assert all(case.peers or case.seconds_at_most for case in everything)
    names = [case.name for case in everything] + [growth.name for growth in growths(quick=False)]
    assert len(set(names)) == len(names)
