"""Register a model if the gate lets it: a candidate and rules in, what became of it out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.models.champion import Champion, find_champion
from amltasks.models.gate import Comparison, Verdict, compare
from amltasks.models.lineage import MOST_TAGS, VERDICT, Lineage
from amltasks.models.measured import Measurements, of_champion, to_properties, values
from amltasks.models.rules import Rule
from amltasks.platforms.registry import KEY, Model, NewModel, Registry
from amltasks.report.checks import Check, CheckOutcome

OVERRIDDEN = "overridden"
GATE, MODEL = "Gate", "Model"  # groups of checks


class WhenNotBetter(str, Enum):
    SKIP = "skip"  # nothing is registered, and that is no failure
    FAIL = "fail"
    CANCEL = "cancel"  # the whole build


class Gate(Data):
    """accept: verdicts with which a model is registered. override: the reason for which it is in any case, or empty."""

    rules: tuple[Rule, ...] = ()
    champion: Champion = Champion()
    accept: frozenset[Verdict] = frozenset({Verdict.FIRST, Verdict.BETTER})
    when_not_better: WhenNotBetter = WhenNotBetter.SKIP
    override: str = ""


class Candidate(Data):
    """A model that may be registered. output: where it lies among what the run has left, empty if it does not.

    expected_hash: of its content as it was trained, and where that is said; empty where nowhere.
    """

    name: str
    path: Path
    kind: str = "custom"
    description: str = ""
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    framework: str = ""
    framework_version: str = ""
    run: str = ""
    output: str = ""
    expected_hash: str = ""
    hash_said_by: str = ""


class Registration(Data):
    """model: None where nothing was registered. verdict: a word of the gate, `overridden`, empty without rules.

    champion: that it was compared with. wants_cancel: whether the build is to be cancelled now.
    """

    model: Model | None
    verdict: str
    champion: Model | None
    comparison: Comparison | None
    champion_metrics: dict[str, str] = {}
    checks: tuple[Check, ...]
    message: str
    wants_cancel: bool = False


def register(
    registry: Registry, candidate: Candidate, measurements: Measurements, gate: Gate, lineage: Lineage
) -> Registration:
    """lineage: without what comes of the gate. Registers nothing twice for one step of one build.

    Raises UserError for what the registry does not take, ServiceError.
    """
    key = lineage.key(candidate.name)
    own = next(registry.versions(candidate.name, {KEY: key}), None)
    champion = find_champion(registry, candidate.name, gate.champion, own)
    comparison, found = _compared(registry, gate, measurements, champion)
    intact = _content_check(candidate, lineage.hash)
    opened = comparison is None or comparison.verdict in gate.accept
    passes = own is not None or opened or bool(gate.override)
    verdict = _verdict(comparison, own, overridden=not opened and bool(gate.override))
    refusal = "" if passes else _refusal(candidate.name, comparison, champion)
    checks = [*intact, *_gate_checks(comparison, gate, verdict, refusal)]
    if refusal or any(check.outcome is CheckOutcome.FAILED for check in intact):
        cancel = bool(refusal) and gate.when_not_better is WhenNotBetter.CANCEL
        return Registration(
            model=None, verdict=verdict, champion=champion, comparison=comparison, champion_metrics=found,
            checks=tuple(checks), message=refusal or intact[0].message, wants_cancel=cancel,
        )  # fmt: skip
    told = lineage.model_copy(
        update={
            "verdict": verdict,
            "champion": champion.id if champion and comparison else "",
            "override": gate.override if verdict == OVERRIDDEN else "",
        }
    )
    model = own or registry.register(_new(candidate, told, measurements, key))
    return Registration(
        model=model, verdict=verdict, champion=champion, comparison=comparison, champion_metrics=found,
        checks=tuple(checks), message=f"Registered {model.id}{' (in an earlier try)' if own else ''}.",
    )  # fmt: skip


def _compared(
    registry: Registry, gate: Gate, measurements: Measurements, champion: Model | None
) -> tuple[Comparison | None, dict[str, str]]:
    """And where each of the champion's metrics was found."""
    if not gate.rules:
        return None, {}
    known = of_champion(registry, champion, [rule.name for rule in gate.rules]) if champion else None
    comparison = compare(gate.rules, values(measurements), values(known) if known is not None else None)
    return comparison, {name: each.where for name, each in (known or {}).items()}


def _verdict(comparison: Comparison | None, own: Model | None, *, overridden: bool) -> str:
    if own is not None:
        return own.tags.get(VERDICT, "")
    if comparison is None:
        return ""
    return OVERRIDDEN if overridden else comparison.verdict.value


def _content_check(candidate: Candidate, found: str) -> list[Check]:
    """That the content is what was trained, where somebody has said what that is."""
    if not candidate.expected_hash:
        return []
    expected = candidate.expected_hash.lower().removeprefix("sha256:")
    same = expected == found
    message = (
        f"The content of {candidate.name} is what {candidate.hash_said_by} says: {found}."
        if same
        else f"The content of {candidate.name} is not what was trained: its hash is {found}, and "
        f"{candidate.hash_said_by} says {expected}."
    )
    outcome = CheckOutcome.PASSED if same else CheckOutcome.FAILED
    return [Check(name="Content is what was trained", group=MODEL, outcome=outcome, message=message)]


def _gate_checks(comparison: Comparison | None, gate: Gate, verdict: str, refusal: str) -> Iterator[Check]:
    """One for all together, one for each metric. refusal: empty where the gate lets the model through."""
    if comparison is None:
        return
    against = CheckOutcome.UNKNOWN if gate.when_not_better is WhenNotBetter.SKIP else CheckOutcome.FAILED
    message = f"{comparison.verdict.value}: {comparison.message}"
    if verdict == OVERRIDDEN:
        message = f"overridden ({gate.override}): without that it is {message}"
    yield Check(
        name="New model against the champion",
        group=GATE,
        outcome=against if refusal else CheckOutcome.PASSED,
        message=refusal or message,
        details="\n".join(judgement.message for judgement in comparison.judgements),
    )
    for judgement in comparison.judgements:
        holds_up = refusal and judgement.verdict not in gate.accept and judgement.verdict is not Verdict.EQUAL
        yield Check(
            name=judgement.metric,
            group=GATE,
            outcome=against if holds_up else CheckOutcome.PASSED,
            message=f"{judgement.verdict.value}: {judgement.message}",
        )


def _refusal(name: str, comparison: Comparison | None, champion: Model | None) -> str:
    assert comparison is not None
    other = f" than {champion.id}" if champion else ""
    known = "known to be " if comparison.verdict is Verdict.UNKNOWN else ""
    return f"The new {name} is not {known}better{other} and is not registered: {comparison.message}"


def _new(candidate: Candidate, lineage: Lineage, measurements: Measurements, key: str) -> NewModel:
    tags = {**candidate.tags, **lineage.tags()}
    if len(tags) >= MOST_TAGS:
        raise UserError(f"tags: {len(candidate.tags)} are too many: with those of the lineage {MOST_TAGS} are allowed.")
    return NewModel(
        name=candidate.name,
        path=candidate.path,
        key=key,
        kind=candidate.kind,
        description=candidate.description,
        tags=tags,
        properties={**candidate.properties, **to_properties(_finite(measurements))},
        framework=candidate.framework,
        framework_version=candidate.framework_version,
        run=candidate.run,
        output=candidate.output,
    )


def _finite(measurements: Measurements) -> Mapping[str, float]:
    """JSON has no others."""
    found = values(measurements)
    return {name: value for name, value in found.items() if math.isfinite(value)}
