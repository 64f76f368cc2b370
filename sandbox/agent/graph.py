"""Stages and jobs depend on each other: the order in which they come, and the conditions under which they run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.agent import expressions
from sandbox.agent.errors import PipelineError
from sandbox.agent.expressions import Function, Scope, Value
from sandbox.agent.pipeline import Pipeline
from sandbox.agent.verdict import Verdict, merge

Dependencies = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Outcome:
    """How a stage or job ended. outputs: `step.variable` of a job, `job.step.variable` of a stage."""

    verdict: Verdict
    outputs: Mapping[str, str] = field(default_factory=dict)
    jobs: Mapping[str, Outcome] = field(default_factory=dict)

    @property
    def value(self) -> Value:
        """What expressions see of it."""
        return {"result": self.verdict.name, "outputs": dict(self.outputs)}


@dataclass(frozen=True)
class Upstream:
    """What a stage or job depends on. direct: its own kind; stages: those that a job's stage depends on."""

    direct: Mapping[str, Outcome]
    stages: Mapping[str, Outcome] = field(default_factory=dict)

    def names(self, variables: Mapping[str, str]) -> dict[str, Value]:
        """The named values of a condition or a `$[ ]`."""
        return {
            "variables": dict(variables),
            "dependencies": {name: outcome.value for name, outcome in self.direct.items()},
            "stageDependencies": {
                stage: {"result": outcome.verdict.name, **{name: job.value for name, job in outcome.jobs.items()}}
                for stage, outcome in {**self.stages, **self.direct}.items()
            },
        }


def of_stages(pipeline: Pipeline) -> Dependencies:
    """Each stage's dependencies: those written down, else the stage before it."""
    names = [stage.name for stage in pipeline.stages]
    return {
        stage.name: stage.depends_on if stage.depends_on is not None else names[max(index - 1, 0) : index]
        for index, stage in enumerate(pipeline.stages)
    }


def in_order(dependencies: Dependencies) -> list[str]:
    """Names with everything they depend on before them, else as written; PipelineError for a circle."""
    done: list[str] = []
    waiting = list(dependencies)
    while waiting:
        ready = next((name for name in waiting if all(needed in done for needed in dependencies[name])), None)
        if ready is None:
            raise PipelineError(f"The dependencies of {', '.join(waiting)} form a circle")
        done.append(ready)
        waiting.remove(ready)
    return done


def is_wanted(
    name: str,
    condition: str,
    *,
    dependencies: Dependencies,
    outcomes: Mapping[str, Outcome],
    names: Mapping[str, Value],
    canceled: bool,
) -> bool:
    """A stage's or job's condition. ExpressionError where it cannot be evaluated."""
    before = _ancestors(name, dependencies)

    def verdicts(asked: tuple[Value, ...]) -> list[Verdict]:
        chosen = [expressions.to_text(each) for each in asked] or before
        for each in chosen:
            if each not in outcomes:
                raise expressions.ExpressionError(f"'{name}' does not depend on '{each}'")
        return [outcomes[each].verdict for each in chosen]

    def succeeded_or_failed(*asked: Value) -> bool:
        return not canceled and all(verdict <= Verdict.Failed for verdict in (verdicts(asked) if asked else []))

    functions: dict[str, Function] = {
        "always": lambda: True,
        "canceled": lambda: canceled,
        "succeeded": lambda *asked: not canceled and all(verdict.good for verdict in verdicts(asked)),
        "failed": lambda *asked: not canceled and any(verdict is Verdict.Failed for verdict in verdicts(asked)),
        "succeededOrFailed": succeeded_or_failed,
    }
    tree = expressions.parse(condition or "succeeded()")
    return expressions.to_bool(tree.evaluate(Scope(names, functions)))


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """Of a run's stages, a stage's jobs or a matrix's legs; skipped ones count only where nothing else ran."""
    listed = list(verdicts)
    if Verdict.Canceled in listed:
        return Verdict.Canceled
    ran = [verdict for verdict in listed if verdict is not Verdict.Skipped]
    if listed and not ran:
        return Verdict.Skipped
    found = Verdict.Succeeded
    for verdict in ran:
        found = merge(found, verdict)
    return found


def _ancestors(name: str, dependencies: Dependencies) -> list[str]:
    found: list[str] = []
    waiting = list(dependencies[name])
    while waiting:
        each = waiting.pop(0)
        if each not in found:
            found.append(each)
            waiting += dependencies[each]
    return found
