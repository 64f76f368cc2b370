"""Whether two programs made the same of a notebook: before that is seen, no time counts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from benchmark.notebooks import Notebook

# What differs between two runs of any program: addresses, drawn identities, process ids and folders of kernels, times
# of the day.
_VARYING = (
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "0x…"),
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"), "…"),
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
        for where, one, other in differences(mine, theirs[name]):
            return f"{name}, {where}: {short(one)} against {short(other)}"
    return ""


def differences(ours: Notebook, theirs: Notebook) -> Iterator[tuple[str, Any, Any]]:
    """Where two executed notebooks differ (`cell 3: outputs`; code cells count from 1), and what each has there."""
    my_cells, their_cells = list(_cells(ours)), list(_cells(theirs))
    if len(my_cells) != len(their_cells):
        yield "number of cells", len(my_cells), len(their_cells)
        return
    for number, (one, other) in enumerate(zip(my_cells, their_cells, strict=True), 1):
        for what in one:
            if what in other and one[what] != other[what]:
                yield f"cell {number}: {what}", one[what], other[what]


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
    return [masked(output) for output in joined]


def _text(value: Any) -> Any:
    return "".join(value) if isinstance(value, list) and all(isinstance(line, str) for line in value) else value


def masked(value: Any) -> Any:
    """JSON without what differs between two runs of any program."""
    if isinstance(value, str):
        for pattern, mask in _VARYING:
            value = pattern.sub(mask, value)
        return value
    if isinstance(value, dict):
        return {key: masked(item) for key, item in value.items()}
    return [masked(item) for item in value] if isinstance(value, list) else value


def short(value: Any) -> str:
    """As text, cut where it gets long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
