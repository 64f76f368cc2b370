"""One empty folder for what each run leaves, also where an earlier build or attempt used the same output folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from amltasks.errors import UserError
from amltasks.quoting import quoted

RECORD = ".amltasks.json"  # the folders that were made here, and may therefore be emptied again


def make_run_folders(output_folder: Path, run_ids: Iterable[str]) -> None:
    """Make `output_folder` / run_id for every run, empty. Raises UserError rather than delete others' files."""
    wanted = list(run_ids)
    try:
        output_folder.mkdir(parents=True, exist_ok=True)
        ours = _recorded(output_folder)
        for run_id in wanted:
            folder = output_folder / run_id
            if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
                raise UserError(f"outputFolder: {quoted(folder)} is in the way: remove it.")
            if folder.is_dir() and any(folder.iterdir()):
                if run_id not in ours:
                    raise UserError(
                        f"outputFolder: {quoted(folder)} holds other files than results: choose another outputFolder."
                    )
                shutil.rmtree(folder)
            folder.mkdir(exist_ok=True)
        (output_folder / RECORD).write_text(json.dumps({"runs": sorted({*ours, *wanted})}), "utf-8")
    except OSError as error:
        raise UserError(f"outputFolder: {quoted(output_folder)} cannot be written: {error.strerror}.") from None


def _recorded(output_folder: Path) -> set[str]:
    try:
        recorded = json.loads((output_folder / RECORD).read_text("utf-8"))
        return {run_id for run_id in recorded["runs"] if isinstance(run_id, str)}
    except (OSError, ValueError, LookupError, TypeError):
        return set()  # none was made here; a file that is not ours says nothing
