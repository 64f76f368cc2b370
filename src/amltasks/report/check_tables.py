"""What is known of checks as tables of texts, for whatever shows no better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from amltasks.report.checks import CheckReport, ComparedMetric, RolloutMove

Table = Sequence[Sequence[str]]  # the first row is the heads


def tables(report: CheckReport) -> Iterator[tuple[str, Table]]:
    """Title and rows of each that has any."""
    if report.facts:
        yield "Facts", [("What", "Value"), *report.facts.items()]
    if report.metrics:
        yield "Metrics", [("Metric", "New", "Champion", "Rule", "Verdict", "Found in"), *map(_metric, report.metrics)]
    if report.rollout:
        yield (
            "Rollout",
            [("Time", "Step", "Traffic", "Requests", "Errors", "p95", "Verdict"), *map(_move, report.rollout)],
        )


def _metric(metric: ComparedMetric) -> Sequence[str]:
    numbers = ("" if number is None else f"{number:.6g}" for number in (metric.new, metric.champion))
    return (metric.name, *numbers, metric.rule, metric.verdict, "; ".join(metric.where))


def _move(move: RolloutMove) -> Sequence[str]:
    return (
        move.at.strftime("%H:%M:%S"),
        move.step,
        move.shares,
        str(move.requests or ""),
        "" if move.error_rate is None else f"{move.error_rate:.1%}",
        "" if move.p95 is None else f"{move.p95 * 1000:.0f} ms",
        move.verdict,
    )
