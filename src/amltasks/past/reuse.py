"""Results of earlier runs that stand for runs of today: found by what they depend on, redacted anew, told as such.

Only passed results are kept. A folder that cannot be used is a note in the report, and then the notebooks run.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4.rwbase import rejoin_lines

from amltasks.errors import UserError
from amltasks.notebooks.encoding import notebook_json
from amltasks.notebooks.saving import replace_file
from amltasks.past.digests import NotReusableError
from amltasks.past.folder import make_cache_folder
from amltasks.past.key import Key, Keys
from amltasks.past.store import DamagedError, Store, StoreError, empty_folder
from amltasks.platforms.base import NotebookRun
from amltasks.redaction import Redactor
from amltasks.report.model import ArtefactKind, NotebookResult, Origin, Outcome
from amltasks.report.wording import origin_words

RESULTS = "results"
SALT, SALT_BYTES = "salt", 16


class Reuse:
    """For one command. results: by run_id, those that are there already. notes: what is wrong with the folder.

    origin: this run, for the results that it leaves. left_out: folders that hold no code of people.
    """

    def __init__(self, folder: Path, root: Path, origin: Origin, left_out: Iterable[Path]) -> None:
        self.results: dict[str, NotebookResult] = {}
        self.notes: list[str] = []
        self._refused: dict[str, str] = {}
        self._found: dict[str, Key] = {}
        self._origin = origin
        self._store = Store(folder / RESULTS)
        try:
            self._keys: Keys | None = Keys(root, _salt(folder), (folder, *left_out))
        except OSError as error:
            self._keys = None
            self.notes.append(f"Nothing is reused: {folder} cannot be used: {error.strerror or error}.")

    def look_up(self, runs: Iterable[NotebookRun]) -> None:
        """Fills `results` with what is there for these runs, files included."""
        for run in runs:
            if self._keys is None or not run.reuse or run.expected_outcome is not Outcome.PASSED:
                continue
            try:
                key = self._found[run.run_id] = self._keys.of(run)
                if found := self._store.get(key.text, run.folder):
                    self.results[run.run_id] = _of_today(run, *found)
            except NotReusableError as error:
                self._refused[run.run_id] = f"Not reused, nor kept for reuse: {error}"
            except DamagedError as error:
                if str(error) not in self.notes:
                    self.notes.append(str(error))
            except StoreError as error:
                self._give_up(str(error))
            except UserError:  # what is wrong with the notebook is said by its run
                continue

    def finished(self, result: NotebookResult) -> NotebookResult:
        """Keeps a result of today if it passed; with a note where it can never be reused. From any thread."""
        if note := self._refused.get(result.run_id):
            return result.model_copy(update={"notes": (*result.notes, note)})
        keys, key = self._keys, self._found.get(result.run_id)
        if keys and key and result.reused_from is None and result.outcome is Outcome.PASSED:
            try:
                if keys.holds(key):  # or somebody has changed what it was made from while it ran
                    self._store.put(key.text, result, self._origin)
            except NotReusableError as error:
                return result.model_copy(update={"notes": (*result.notes, str(error))})
            except StoreError as error:
                self._give_up(str(error))
        return result

    def _give_up(self, why: str) -> None:
        """What cannot be done once need not be tried for each."""
        self._keys = None
        self.notes.append(why)

    def close(self) -> None:
        """Makes the folder small again."""
        try:
            self._store.tidy()
        except OSError as error:
            self.notes.append(f"What was kept for reuse cannot be tidied: {error.strerror or error}.")


def _salt(folder: Path) -> bytes:
    """Random, made by whoever comes first. Raises OSError."""
    make_cache_folder(folder)
    path = folder / SALT
    if not path.exists():
        beside = folder / f".{SALT}.{os.getpid()}.{secrets.token_hex(4)}"
        beside.write_bytes(secrets.token_bytes(SALT_BYTES))
        try:
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    return path.read_bytes()


def _of_today(run: NotebookRun, result: NotebookResult, origin: Origin) -> NotebookResult:
    """The kept result as one of this run, without what is a secret today. Raises NotReusableError."""
    redactor = Redactor(run.secrets)
    try:
        if run.secrets:
            _redact_files(redactor, result)
            known = result.model_dump(mode="json", exclude={"folder", "artefacts"})
            result = NotebookResult.model_validate(
                {**redactor.value(known), "folder": result.folder, "artefacts": result.artefacts}
            )
    except (OSError, ValueError) as error:  # the error's text may tell what was found
        empty_folder(run.folder)
        raise NotReusableError(f"what was kept cannot be rid of secrets ({type(error).__name__}).") from None
    where = f" ({origin.url})" if origin.url else ""
    note = f"Reused from {origin_words(origin)}{where}: nothing that it depends on has changed since."
    cells = tuple(cell.model_copy(update={"started_at": None}) for cell in result.cells)
    shown: dict[str, Any] = {"parameters": redactor.value(run.parameters)} if run.secrets else {}
    return result.model_copy(
        update={
            "run_id": run.run_id,
            "notebook": run.notebook,
            "parameter_set": run.parameter_set,
            "parameters": run.parameters,
            **shown,
            "owner": run.owner,
            "notes": (note, *result.notes),
            "cells": cells,
            "started_at": None,
            "reused_from": origin,
            "leaks": tuple(sorted({*result.leaks, *redactor.found})),
        }
    )


def _redact_files(redactor: Redactor, result: NotebookResult) -> None:
    for artefact in result.artefacts:
        if artefact.kind is ArtefactKind.NOTEBOOK:
            notebook = nbformat.from_dict(json.loads(artefact.path.read_bytes()))
            rejoin_lines(notebook)
            if redactor.notebook(notebook):
                replace_file(artefact.path, notebook_json(notebook))
        else:
            redactor.file(artefact.path)
