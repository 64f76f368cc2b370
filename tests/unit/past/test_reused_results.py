"""A kept result as one of today: who it belongs to, and what must not be seen of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from amltasks.past.reuse import Reuse
from amltasks.platforms.base import NotebookRun
from amltasks.report.model import Artefact, ArtefactKind, NotebookResult, Origin, Outcome
from tests.notebooks.running import code, write_notebook
from tests.unit.past.test_key import PYTHON, Scene

TOKEN = "tok-4711-abcdef"
YESTERDAY = Origin(
    build="20261120.1", url="https://dev.azure.com/o/p/_build/results?buildId=7", at=datetime.now(timezone.utc)
)


@dataclass
class Days:
    """The same repository and cache folder on several days."""

    scene: Scene

    def reuse(self, *runs: NotebookRun, origin: Origin = YESTERDAY) -> Reuse:
        reuse = Reuse(self.scene.folder / "cache", self.scene.root, origin, [])
        reuse.look_up(runs)
        return reuse

    def run(self, **settings: Any) -> NotebookRun:
        folder = self.scene.folder / f"results{len(list(self.scene.folder.iterdir()))}"
        folder.mkdir()
        return self.scene.run(**{"reuse": True, "folder": folder, **settings})

    def passed(self, run: NotebookRun, output: str = "") -> NotebookResult:
        """As a worker leaves it that knows no secret in the output."""
        stream = {"output_type": "stream", "name": "stdout", "text": [part + "\n" for part in output.split("\n")]}
        write_notebook(run.folder / "executed.ipynb", [{**code("print(x)"), "outputs": [stream]}])
        (run.folder / "console.log").write_text(output, encoding="utf-8")
        kinds = {"executed.ipynb": ArtefactKind.NOTEBOOK, "console.log": ArtefactKind.LOG}
        artefacts = tuple(Artefact(kind=kind, path=run.folder / name, name=name) for name, kind in kinds.items())
        return run.result(Outcome.PASSED, artefacts=artefacts, scraps={"said": output}, duration=2.0)


@pytest.fixture
def days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Days:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    return Days(Scene(tmp_path))


def test_a_reused_result_is_todays_with_where_it_is_from(days: Days) -> None:
    run = days.run(owner="Ann")
    days.reuse(run).finished(days.passed(run))

    today = days.run(owner="Bob", parameter_set="weak")
    found = days.reuse(today).results["nb.train"]

    assert (found.owner, found.parameter_set, found.folder) == ("Bob", "weak", today.folder)
    assert (found.reused_from, found.duration, found.started_at) == (YESTERDAY, 2.0, None)
    assert "build 20261120.1 of" in found.notes[0]
    assert "(https://dev.azure.com/o/p/_build/results?buildId=7)" in found.notes[0]


def test_a_result_that_is_reused_often_comes_from_where_it_ran(days: Days) -> None:
    run = days.run()
    days.reuse(run).finished(days.passed(run))

    for number in range(2):
        again = days.reuse(days.run(), origin=YESTERDAY.model_copy(update={"build": f"later{number}"}))
        again.finished(again.results["nb.train"])
        assert again.results["nb.train"].reused_from == YESTERDAY


def test_what_became_a_secret_is_taken_out_of_an_old_result(days: Days) -> None:
    run = days.run()
    days.reuse(run).finished(days.passed(run, f"a line\nthe token is {TOKEN}"))

    today = days.run(secrets={"JobToken": TOKEN})
    found = days.reuse(today).results["nb.train"]

    assert found.leaks == ("JobToken",)
    assert found.scraps == {"said": "a line\nthe token is ***"}
    texts = [artefact.path.read_text(encoding="utf-8") for artefact in found.artefacts]
    assert len(texts) == 2
    assert all(TOKEN not in text and "***" in text for text in texts)
    assert json.loads(texts[0])["cells"][0]["outputs"][0]["text"] == ["a line\n", "the token is ***\n"]


def test_a_result_that_cannot_be_rid_of_a_secret_is_not_used(days: Days) -> None:
    """Its time is the secret: what would be left is no result any more."""
    run = days.run()
    days.reuse(run).finished(days.passed(run).model_copy(update={"duration": 98765.4321}))

    today = days.run(secrets={"JobToken": "98765.4321"})
    reuse = days.reuse(today)

    assert reuse.results == {}
    assert list(today.folder.iterdir()) == []
    assert "cannot be rid of secrets" in reuse.finished(days.passed(today)).notes[0]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.TIMED_OUT, Outcome.CANCELLED, Outcome.NOT_RUN])
def test_only_passed_results_are_kept(outcome: Outcome, days: Days) -> None:
    run = days.run()
    days.reuse(run).finished(days.passed(run).model_copy(update={"outcome": outcome}))

    assert days.reuse(days.run()).results == {}


@pytest.mark.parametrize("settings", [{"reuse": False}, {"expected_outcome": Outcome.FAILED}])
def test_who_does_not_ask_or_expects_a_failure_runs(settings: dict[str, Any], days: Days) -> None:
    run = days.run()
    days.reuse(run).finished(days.passed(run))

    assert days.reuse(days.run(**settings)).results == {}


def test_neither_secrets_nor_their_plain_digests_are_in_the_folder(days: Days) -> None:
    """Nobody who can read the cache finds out by guessing what a secret is, save by minutes of work for a guess."""
    run = days.run(environment={"TOKEN": TOKEN})
    days.reuse(run).finished(days.passed(run))

    kept = [path for path in (days.scene.folder / "cache").rglob("*") if path.is_file()]

    assert len(kept) == 3
    assert all(TOKEN.encode() not in path.read_bytes() for path in kept)


def test_a_notebook_that_cannot_be_reused_says_why(days: Days) -> None:
    days.scene.cells([code("%pip install rich")])
    run = days.run()

    result = days.reuse(run).finished(days.passed(run))

    assert result.notes == ("Not reused, nor kept for reuse: it installs packages.",)


def test_a_folder_that_cannot_be_made_is_one_sentence(days: Days) -> None:
    days.scene.write("cache", "a file")

    (note,) = days.reuse(days.run()).notes

    assert note.startswith("Nothing is reused: ")


def test_the_interpreter_is_there() -> None:
    assert Path(PYTHON).exists()
