"""The variables that the YAML declares, brought to values: groups filled in, `$[ ]` evaluated, the nearest wins."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sandbox.agent.expressions import Function, Scope, parse, to_text
from sandbox.agent.graph import Upstream
from sandbox.agent.pipeline import Declaration
from sandbox.agent.variables import Group

_RUNTIME = re.compile(r"\$\[(.*)\]", re.DOTALL)


def values(
    declared: Sequence[Declaration],
    groups: Mapping[str, Group],
    *,
    known: Mapping[str, str],
    upstream: Upstream,
    counter: Function,
) -> dict[str, str]:
    """declared: from the pipeline's down to the job's. known: variables that are there before; ExpressionError."""
    found: dict[str, str] = {}
    for each in declared:
        if each.group:
            found |= groups[each.group].plain
            continue
        expression = _RUNTIME.fullmatch(each.value.strip())
        if expression is None:
            found[each.name] = each.value
        else:
            scope = Scope(upstream.names({**known, **found}), {"counter": counter})
            found[each.name] = to_text(parse(expression[1]).evaluate(scope))
    return found


def static(declared: Sequence[Declaration], groups: Mapping[str, Group]) -> dict[str, str]:
    """As they are written, for the conditions of stages and jobs, which are decided before any job evaluates `$[ ]`."""
    found: dict[str, str] = {}
    for each in declared:
        found |= groups[each.group].plain if each.group else {each.name: each.value}
    return found


def secrets(declared: Sequence[Declaration], groups: Mapping[str, Group]) -> dict[str, str]:
    """The secret variables of the groups that are named."""
    return {name: value for each in declared if each.group for name, value in groups[each.group].secret.items()}
