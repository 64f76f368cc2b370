"""When two results are the same but for the place and the time."""

from __future__ import annotations

import json
import re
from collections.abc import Set
from pathlib import Path
from typing import Any

from amltasks.report.model import CellOutcome, NotebookResult

_VARYING = {"startedAt", "duration", "folder", "job", "studio", "path", "peakMemory", "memory", "memoryCurve"}
_TEXTS = (
    (re.compile(r"0x[0-9a-f]{6,}"), "0x…"),
    (re.compile(r"\d+(\.\d+)? (s|[KMG]iB)\b"), "…"),
    (re.compile(r"(/[\w.-]+)+/"), "…/"),
)


def essence(result: NotebookResult) -> dict[str, Any]:
    """All that a report shows of a result, cell by cell, and the notebook that was executed."""
    shown: dict[str, Any] = without_varying(json.loads(result.model_dump_json(by_alias=True)))
    for artefact in result.artefacts:
        if artefact.path.suffix == ".ipynb":
            died = {cell.position for cell in result.cells if cell.outcome is CellOutcome.KERNEL_DIED}
            shown["executed"] = _cells(artefact.path, died)
    return shown


def _cells(path: Path, died: Set[int]) -> list[Any]:
    """Source, outputs and count of every cell, but the count of one that died: a thread of the kernel tells it."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return [
        without_varying(
            [cell["source"], cell.get("outputs"), None if position in died else cell.get("execution_count")]
        )
        for position, cell in enumerate(cells)
    ]


def without_varying(value: Any) -> Any:
    """JSON without times, places and amounts."""
    if isinstance(value, dict):
        return {name: without_varying(item) for name, item in value.items() if name not in _VARYING}
    if isinstance(value, list):
        return [without_varying(item) for item in value]
    if isinstance(value, str):
        for pattern, mask in _TEXTS:
            value = pattern.sub(mask, value)
    return value
