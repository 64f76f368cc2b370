"""Runs the corpus of real notebooks and compares each with what its MANIFEST expects.

    python tests/notebooks/corpus.py [--long] [ID…]

Prints a table: id, expected, got, seconds; exits non-zero on a difference. Without --long, only notebooks that stock
papermill needed less than seven seconds for.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from amltasks.report.model import ArtefactKind
from tests.notebooks.running import SHARED, Ran, run_notebook

FAST_SECONDS = 7.0
FAST_HERE = {"s20-ipywidgets-using-interact", "s36-nbgrader-infinite-loop"}  # long for papermill only


@dataclass(frozen=True)
class Sample:
    """One entry of the MANIFEST."""

    id: str
    path: Path
    expect: dict[str, Any]
    fast: bool

    @property
    def cell_timeout(self) -> float:
        return 5.0 if self.expect["outcome"] == "timedOut" else 60.0


def samples() -> list[Sample]:
    """All of the corpus; none where it is not there."""
    manifest = SHARED / "MANIFEST.json"
    if not manifest.is_file():
        return []
    return [
        Sample(
            id=entry["id"],
            path=SHARED / entry["notebook"],
            expect=entry["expect"],
            fast=entry["papermill"]["seconds"] < FAST_SECONDS or entry["id"] in FAST_HERE,
        )
        for entry in json.loads(manifest.read_text(encoding="utf-8"))
    ]


def run_sample(sample: Sample, folder: Path) -> Ran:
    """Runs it on a copy of its folder: notebooks write beside themselves."""
    home = folder / sample.id
    top = SHARED / sample.path.relative_to(SHARED).parts[0]
    shutil.copytree(top, home)
    for path in (home, *home.rglob("*")):
        path.chmod(path.stat().st_mode | 0o700)
    return run_notebook(
        home / sample.path.relative_to(top), folder / "out" / sample.id, cell_timeout=sample.cell_timeout
    )


def seen(ran: Ran) -> dict[str, Any]:
    """What a run made of it, in the MANIFEST's terms."""
    result = ran.result
    cell = result.failing_cell
    images = [artefact for artefact in result.artefacts if artefact.kind is ArtefactKind.IMAGE]
    return {
        "outcome": result.outcome.value,
        "cell": cell.index if cell else None,
        "error": cell.error.name if cell and cell.error else None,
        "images": len(images),
    }


def differences(expect: dict[str, Any], got: dict[str, Any]) -> list[str]:
    return [
        f"{key}: {expect[key]!r} expected, {got[key]!r} seen"
        for key in ("outcome", "cell", "error", "images")
        if key in expect and expect[key] != got[key]
    ]


def brief(seen: dict[str, Any]) -> str:
    """`failed cell 14 NameError`."""
    parts = [seen["outcome"]]
    if seen.get("cell") is not None:
        parts.append(f"cell {seen['cell']}")
    parts += [str(seen["error"])] if seen.get("error") else []
    parts += [f"{seen['images']} images"] if seen.get("images") else []
    return " ".join(parts)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--long", action="store_true", help="all, also those that take minutes")
    options.add_argument("ids", nargs="*", metavar="ID", help="only these; a beginning is enough")
    asked = options.parse_args()
    chosen = [
        sample
        for sample in samples()
        if (any(sample.id.startswith(name) for name in asked.ids) if asked.ids else asked.long or sample.fast)
    ]
    if not chosen:
        print(f"No notebooks: {SHARED} is not there, or none of it has this id.")
        return 2
    wrong = 0
    print(f"{'':2} {'id':40} {'expected':40} {'got':40} seconds")
    for sample in chosen:
        with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
            start = time.monotonic()
            ran = run_sample(sample, Path(folder))
            got, seconds = seen(ran), time.monotonic() - start
        found = differences(sample.expect, got)
        wrong += bool(found)
        mark = "✗" if found else "✓"
        print(f"{mark:2} {sample.id:40} {brief(sample.expect):40} {brief(got):40} {seconds:6.1f}", flush=True)
        for difference in found:
            print(f"     {difference}: {ran.result.message}")
    print(f"{len(chosen)} notebooks, {wrong} different")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
