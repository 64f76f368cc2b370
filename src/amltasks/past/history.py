"""How long notebooks took the last time, and how much memory: for the schedule of the next run.

Kept in `history.json` of the cache folder; where there is none, the results of the run before in the same output
folder tell. It is a help and no more: a file that cannot be read says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from amltasks.notebooks.schedule import Demand
from amltasks.past.folder import make_cache_folder
from amltasks.report.files import write_whole
from amltasks.report.model import Outcome, Report
from amltasks.report.results_file import NAME as RESULTS

NAME = "history.json"
VERSION = 1
LARGEST = 32 << 20  # bytes of a file that is read
KEPT = timedelta(days=90)  # of a notebook that has not run since
_TELLING = {
    Outcome.PASSED,
    Outcome.FAILED,
    Outcome.TIMED_OUT,
    Outcome.KERNEL_DIED,
}  # others never began


def past_demands(cache_folder: Path | None, output_folder: Path) -> dict[str, Demand]:
    """By run_id, what is known of how much notebooks take."""
    results = _entries(output_folder / RESULTS, "results")
    demands = {}
    for result in results if isinstance(results, list) else []:
        if isinstance(result, Mapping) and result.get("outcome") in _TELLING and not result.get("reusedFrom"):
            demands[str(result.get("runId"))] = _demand(result.get("duration"), result.get("peakMemory"))
    kept = _entries(cache_folder / NAME, "notebooks") if cache_folder else {}
    for run_id, entry in kept.items() if isinstance(kept, Mapping) else []:
        if isinstance(entry, Mapping):
            demands[run_id] = _demand(entry.get("seconds"), entry.get("memory"))
    return demands


def keep_history(cache_folder: Path, report: Report) -> None:
    """Adds what this run tells. Raises OSError. Of two runs at the same time, the later one's word counts."""
    now = datetime.now(timezone.utc)
    before = _entries(cache_folder / NAME, "notebooks")
    entries = {
        run_id: entry
        for run_id, entry in (before.items() if isinstance(before, Mapping) else [])
        if isinstance(entry, Mapping) and str(entry.get("at")) > (now - KEPT).isoformat()
    }
    for result in report.results:
        if result.outcome in _TELLING and result.reused_from is None:
            entries[result.run_id] = {
                "seconds": result.duration,
                "memory": result.peak_memory,
                "at": now.isoformat(timespec="seconds"),
            }
    make_cache_folder(cache_folder)
    write_whole(cache_folder / NAME, json.dumps({"version": VERSION, "notebooks": entries}, indent=1) + "\n")


def _entries(path: Path, member: str) -> Any:
    """A member of the file's JSON object; None where there is none."""
    try:
        if path.stat().st_size > LARGEST:
            return None
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    is_ours = isinstance(content, Mapping) and content.get("version", VERSION) == VERSION
    return content.get(member) if is_ours else None


def _demand(seconds: Any, memory: Any) -> Demand:
    is_known = isinstance(seconds, (int, float)) and seconds >= 0  # false for NaN
    return Demand(seconds if is_known else None, memory if isinstance(memory, int) and memory > 0 else None)
