"""Where two programs made something else of a notebook, and which of that is known and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmark.equality import differences, masked

from tests.fidelity.programs import MODES, Executed


@dataclass(frozen=True)
class Difference:
    """where: `ending`, `kernel`, `cell 3: outputs`, … ours, theirs: what is there."""

    where: str
    ours: Any
    theirs: Any

    @property
    def of_content_alone(self) -> bool:
        """Whether both have outputs of the same kinds there, with something else in them, or one has no count."""
        if self.where.endswith(": execution count"):
            return None in (self.ours, self.theirs)
        return self.where.endswith(": outputs") and _kinds(self.ours) == _kinds(self.theirs)


@dataclass(frozen=True)
class Known:
    """A difference that is meant. where: in each notebook. modes: in which it shows."""

    title: str
    where: dict[str, frozenset[str]]
    modes: tuple[str, ...] = MODES


def find(ours: Executed, theirs: Executed) -> Iterator[Difference]:
    if theirs.kernel_named and not ours.kernel_named:
        yield Difference("kernel", "found", "to be named")
    if ours.ending != theirs.ending:
        yield Difference("ending", ours.ending, theirs.ending)
    if ours.notebook is None or theirs.notebook is None:
        return
    for where, one, other in differences(ours.notebook, theirs.notebook):
        if not where.endswith(": outputs") or _by_stream(one) != _by_stream(other):
            yield Difference(where, one, other)
    for where, what in (("language", _language), ("widgets", _widgets)):
        if what(ours.notebook) != what(theirs.notebook):
            yield Difference(where, what(ours.notebook), what(theirs.notebook))


def _language(notebook: dict[str, Any]) -> Any:
    return notebook["metadata"].get("language_info")


def _widgets(notebook: dict[str, Any]) -> list[str]:
    """The state of every widget, without the identities that are drawn for each."""
    states = notebook["metadata"].get("widgets", {})
    models = [model for state in states.values() for model in state.get("state", {}).values()]
    return sorted(json.dumps(masked(model), sort_keys=True) for model in models)


def _by_stream(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With texts that follow one another joined for each stream: the kernel's clock decides which comes first."""
    joined: list[dict[str, Any]] = []
    texts: dict[str, dict[str, Any]] = {}  # stream → its output among those that are joined now
    for output in outputs:
        if output["output_type"] != "stream":
            texts = {}
            joined.append(output)
        elif found := texts.get(output["name"]):
            found["text"] += output["text"]
        else:
            joined = joined[: len(joined) - len(texts)]
            texts[output["name"]] = dict(output)
            joined += [texts[name] for name in sorted(texts)]
    return joined


def _kinds(outputs: list[dict[str, Any]]) -> list[Any]:
    return [
        (output["output_type"], output.get("name"), output.get("ename"), sorted(output.get("data", {})))
        for output in outputs
    ]
