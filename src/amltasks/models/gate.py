"""Whether a model is better than the one that is there: metrics and rules in, a verdict with its numbers out.

Of each metric, in this order:

    worse      it misses its minimum or maximum, whatever the champion has
    unknown    its value is missing or no finite number
    first      there is no champion
    equal      the rule's direction is `none`
    unknown    the champion's value is missing or no finite number
    equal      both differ by no more than the tolerance
    better, worse

Of all together: `worse` if one is worse, else `unknown` if one is unknown, else `first` without a champion, else
`better` if one is better, else `equal`. Nothing makes up for a metric that is worse.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from fnmatch import fnmatchcase

from amltasks.data import Data
from amltasks.models.rules import Direction, Rule


class Verdict(str, Enum):
    FIRST = "first"
    BETTER = "better"
    EQUAL = "equal"
    WORSE = "worse"
    UNKNOWN = "unknown"


# The first that one of the metrics has is that of all.
_ORDER = (Verdict.WORSE, Verdict.UNKNOWN, Verdict.FIRST, Verdict.BETTER, Verdict.EQUAL)

Metrics = Mapping[str, float]


class Judgement(Data):
    """Of one metric. candidate, champion: None where there is no value. message: one sentence with the numbers.

    rule: what was asked of it, in words.
    """

    metric: str
    verdict: Verdict
    candidate: float | None = None
    champion: float | None = None
    rule: str = ""
    message: str


class Comparison(Data):
    verdict: Verdict
    judgements: tuple[Judgement, ...]

    @property
    def message(self) -> str:
        """What decided, in one sentence."""
        if self.verdict is Verdict.FIRST:
            return "there is no champion to compare with."
        decisive = [each for each in self.judgements if each.verdict is self.verdict]
        more = f", and {len(decisive) - 1} more" if len(decisive) > 1 else ""
        return f"{decisive[0].message.rstrip('.')}{more}."


def compare(rules: Sequence[Rule], candidate: Metrics, champion: Metrics | None) -> Comparison:
    """rules: at least one. champion: None where there is none."""
    judgements = tuple(
        _judged(rule, metric, candidate, champion)
        for rule in rules
        for metric in _metrics_of(rule, {**(champion or {}), **candidate})
    )
    return Comparison(verdict=combined(each.verdict for each in judgements), judgements=judgements)


def combined(verdicts: Iterable[Verdict]) -> Verdict:
    """That of several metrics; of none it is unknown."""
    return min(verdicts, key=_ORDER.index, default=Verdict.UNKNOWN)


def _metrics_of(rule: Rule, known: Iterable[str]) -> Iterator[str]:
    """The rule's metric and its slices: those that are named, and those of `known` that a pattern finds."""
    yield rule.name
    slices = {part: metric for metric in sorted(known) if (part := _slice_of(metric, rule.name)) is not None}
    given = set()
    for pattern in rule.slices:
        found = [part for part in slices if part == pattern or fnmatchcase(part, pattern)]
        for part in found or [pattern]:  # one that nobody has is told as missing
            if part not in given:
                given.add(part)
                yield slices.get(part, f"{rule.name}[{part}]")


def _slice_of(metric: str, name: str) -> str | None:
    """`EU` of `recall[EU]`, and of `recall/EU`, as it is called where brackets cannot be logged."""
    if metric.startswith(f"{name}[") and metric.endswith("]"):
        return metric[len(name) + 1 : -1]
    return metric[len(name) + 1 :] if metric.startswith(f"{name}/") else None


def _judged(rule: Rule, metric: str, candidate: Metrics, champion: Metrics | None) -> Judgement:
    value = _finite(candidate, metric)
    other = _finite(champion, metric) if champion is not None else None

    def judgement(verdict: Verdict, message: str) -> Judgement:
        return Judgement(
            metric=metric,
            verdict=verdict,
            candidate=value,
            champion=other,
            rule=", ".join((*_preference(rule), *_bounds(rule))),
            message=f"{metric} {message}.",
        )

    if value is None:
        missing = f"is {candidate[metric]}" if metric in candidate else "is missing"
        return judgement(Verdict.UNKNOWN, f"{missing} in the new model")
    if rule.minimum is not None and value < rule.minimum:
        return judgement(Verdict.WORSE, f"{_shown(value)} is below its minimum {_shown(rule.minimum)}")
    if rule.maximum is not None and value > rule.maximum:
        return judgement(Verdict.WORSE, f"{_shown(value)} is above its maximum {_shown(rule.maximum)}")
    if champion is None:
        return judgement(Verdict.FIRST, f"{_shown(value)}: there is no champion to compare with")
    if rule.direction is Direction.NONE:
        return judgement(Verdict.EQUAL, f"{_shown(value)} is within its bounds")
    if other is None:
        missing = f"is {champion[metric]}" if metric in champion else "is missing"
        return judgement(Verdict.UNKNOWN, f"{_shown(value)}: it {missing} in the champion")
    verdict = _side(rule, value, other)
    margin = ", ".join(_preference(rule))
    return judgement(verdict, f"{_WORDS[verdict].format(*_both(value, other))} ({margin})")


_WORDS = {
    Verdict.BETTER: "{} is better than the champion's {}",
    Verdict.EQUAL: "{} is no different from the champion's {}",
    Verdict.WORSE: "{} is worse than the champion's {}",
}


def _side(rule: Rule, value: float, other: float) -> Verdict:
    margin = max(rule.tolerance.absolute, rule.tolerance.relative * max(abs(value), abs(other)))
    if abs(value - other) <= margin:
        return Verdict.EQUAL
    return Verdict.BETTER if (value > other) == (rule.direction is Direction.HIGHER) else Verdict.WORSE


def _preference(rule: Rule) -> Iterator[str]:
    if rule.direction is Direction.NONE:
        return
    yield f"{rule.direction.value} is better"
    given = []
    if rule.tolerance.absolute:
        given.append(_shown(rule.tolerance.absolute))
    if rule.tolerance.relative:
        given.append(f"{_shown(rule.tolerance.relative * 100)} %")
    if given:
        yield f"tolerance {' or '.join(given)}"


def _bounds(rule: Rule) -> Iterator[str]:
    if rule.minimum is not None:
        yield f"at least {_shown(rule.minimum)}"
    if rule.maximum is not None:
        yield f"at most {_shown(rule.maximum)}"


def _finite(metrics: Metrics, name: str) -> float | None:
    value = metrics.get(name)
    return value if value is not None and math.isfinite(value) else None


def _both(value: float, other: float) -> tuple[str, str]:
    """With as many digits as tell them apart."""
    short = _shown(value), _shown(other)
    return short if value == other or short[0] != short[1] else (repr(value), repr(other))


def _shown(value: float) -> str:
    return f"{value:.6g}"
