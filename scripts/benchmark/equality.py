"""Whether two programs made the same of a notebook: before that is seen, no time counts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from benchmark.notebooks import Notebook

# What differs between two runs of any program: addresses, process ids and folders of kernels, times of the day.
_VARYING = (
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "0x…"),
    (re.compile(r"/tmp/[^\s'\"<>:]+"), "/tmp/…"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?"), "…-…-…"),
    (re.compile(r"\b\d\d:\d\d:\d\d(?:\.\d+)?\b"), "…:…:…"),
)
SHOWN = 120  # characters of each side of a difference


def difference(ours: Mapping[str, Notebook], theirs: Mapping[str, Notebook]) -> str:
    """Where the executed notebooks first differ, empty where they do not: outputs, execution counts and statuses.

    A status is compared where both programs write one.
    """
    if ours.keys() != theirs.keys():
        return f"other notebooks: {sorted(ours.keys() ^ theirs.keys())[:5]}"
    for name, mine in ours.items():
        my_cells, their_cells = list(_cells(mine)), list(_cells(theirs[name]))
        if len(my_cells) != len(their_cells):
            return f"{name}: {len(my_cells)} cells against {len(their_cells)}"
        for number, (one, other) in enumerate(zip(my_cells, their_cells, strict=True), 1):
            for what in one.keys() & other.keys():
                if one[what] != other[what]:
                    return f"{name}, cell {number}: {what}: {_short(one[what])} against {_short(other[what])}"
    return ""


def _cells(notebook: Notebook) -> Iterator[dict[str, Any]]:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            status = cell["metadata"].get("papermill", {})
            yield {
                "source": _text(cell["source"]),
                "execution count": cell["execution_count"],
                "outputs": _outputs(cell["outputs"]),
                **{key: status[key] for key in ("status", "exception") if status.get(key) is not None},
            }


def _outputs(outputs: list[Any]) -> list[Any]:
    """Outputs with varying parts masked; texts of one stream that follow one another are one text."""
    joined: list[Any] = []
    for output in outputs:
        if output["output_type"] == "stream":
            output = {**output, "text": _text(output["text"])}
            if joined and joined[-1]["output_type"] == "stream" and joined[-1]["name"] == output["name"]:
                joined[-1] = {**output, "text": joined[-1]["text"] + output["text"]}
                continue
        elif "data" in output:
            output = {**output, "data": {mime: _text(value) for mime, value in output["data"].items()}}
        joined.append(output)
    return [_masked(output) for output in joined]


def _text(value: Any) -> Any:
    return "".join(value) if isinstance(value, list) and all(isinstance(line, str) for line in value) else value


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, mask in _VARYING:
            value = pattern.sub(mask, value)
        return value
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else value


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
