"""Values that a notebook recorded with scrapbook's `glue`, read from its outputs without scrapbook.

`glue("auc", 0.93)` leaves a display output with the one member `application/scrapbook.scrap.json+json`, whose value is
{"name": "auc", "data": 0.93, "encoder": "json", "version": 1}; the encoder `text` and others differ in the media type.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbformat import NotebookNode

MAX_SCRAPS = 1000
MAX_SCRAP_BYTES = 64 * 1024  # of the value as JSON: larger ones stay in the notebook
MAX_VARIABLE_BYTES = 8 * 1024  # Windows allows 32,767 characters for a variable, of which scripts see all
MAX_VARIABLES = 200

_MEDIA_TYPE = re.compile(r"application/scrapbook\.scrap\.(?P<encoder>[^+]+)\+json")
_ENCODERS = {"json", "text"}  # others (arrow, pandas) hold data frames in encoded form
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]+")


def read_scraps(notebook: NotebookNode) -> dict[str, Any]:
    """name → value of what was glued; of several with one name the last. Too large and too many ones are left out."""
    scraps: dict[str, Any] = {}
    for name, value in _glued(notebook):
        if (name in scraps or len(scraps) < MAX_SCRAPS) and _size(value) <= MAX_SCRAP_BYTES:
            scraps[name] = value
    return scraps


def scrap_variables(results: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    """Output variables for scalar scraps: `Scraps.<run>.<name>` → text.

    results: (run_id, scraps) of each run. Names have letters, digits and _ between the dots, as expressions of
    pipelines want it; where two would be the same, or differ in capitals only, the later one carries a digest. true and
    false are written as JSON has them; what is null, not on one line or longer than 8 KiB becomes no variable.
    """
    variables: dict[str, str] = {}
    taken: set[str] = set()
    for run_id, scraps in results:
        for name, value in scraps.items():
            text = _as_text(value)
            if text is None or len(variables) >= MAX_VARIABLES:
                continue
            variable = f"Scraps.{_identifier(run_id)}.{_identifier(name)}"
            if variable.casefold() in taken:
                variable += "_" + hashlib.sha256(f"{run_id}\n{name}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
            taken.add(variable.casefold())
            variables[variable] = text
    return variables


def _glued(notebook: NotebookNode) -> Iterator[tuple[str, Any]]:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            for media_type, payload in output.get("data", {}).items():
                kind = _MEDIA_TYPE.fullmatch(media_type)
                if kind and kind["encoder"] in _ENCODERS and isinstance(payload, dict):
                    name = payload.get("name")
                    if isinstance(name, str) and name and "data" in payload:
                        yield name, payload["data"]


def _size(value: Any) -> float:
    try:
        return len(json.dumps(value))
    except RecursionError:
        return math.inf


def _as_text(value: Any) -> str | None:
    if isinstance(value, str):
        text = value
    elif isinstance(value, (bool, int, float)):
        text = json.dumps(value)
    else:
        return None
    fits = text.isprintable() and len(text.encode("utf-8", "replace")) <= MAX_VARIABLE_BYTES
    return text if fits else None


def _identifier(text: str) -> str:
    return _NOT_IN_NAMES.sub("_", text).strip("_")[:60] or "_"
