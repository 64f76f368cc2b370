"""Stages and jobs depend on each other: the order in which they come, and the conditions under which they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.agent import expressions
from sandbox.agent.errors import PipelineError
from sandbox.agent.expressions import Function, Scope, Value
from sandbox.agent.verdict import Verdict


@dataclass(frozen=True)
class Outcome:
    """How a stage or job ended. value: what expressions see of it (`result`, `outputs`, and the jobs of a stage)."""

    verdict: Verdict
    outputs: Mapping[str, str] = field(default_factory=dict)
    jobs: Mapping[str, Outcome] = field(default_factory=dict)

    @property
    def value(self) -> Value:
        return {"result": self.verdict.name, "outputs": dict(self.outputs)}


def in_order(dependencies: Mapping[str, Sequence[str]]) -> list[str]:
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
    dependencies: Mapping[str, Sequence[str]],
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

    functions: dict[str, Function] = {
        "always": lambda: True,
        "canceled": lambda: canceled,
        "succeeded": lambda *asked: not canceled and all(verdict.good for verdict in verdicts(asked)),
        "failed": lambda *asked: not canceled and any(verdict is Verdict.Failed for verdict in verdicts(asked)),
        "succeededOrFailed": lambda *asked: (
            not canceled and all(verdict <= Verdict.Failed for verdict in (verdicts(asked) if asked else []))
        ),
    }
    tree = expressions.parse(condition or "succeeded()")
    return expressions.to_bool(tree.evaluate(Scope(names, functions)))


def _ancestors(name: str, dependencies: Mapping[str, Sequence[str]]) -> list[str]:
    found: list[str] = []
    waiting = list(dependencies[name])
    while waiting:
        each = waiting.pop(0)
        if each not in found:
            found.append(each)
            waiting += dependencies[each]
    return found
