"""Suites as one command runs them: what is reused, runs first, waits for memory, or does not begin."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.running import notebook_python, write_notebook

COUNT = "with open('ran.txt', 'a') as file:\n    file.write('x')"
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 3])\nplt.show()"


@dataclass
class Outcome:
    """Of one command. said: what it printed."""

    code: int
    said: str
    report: dict[str, Any]

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        return {result["notebook"]: result for result in self.report["results"]}

    @property
    def reused(self) -> list[str]:
        return [name for name, result in self.results.items() if result["reusedFrom"]]

    def text(self, notebook: str, file: str) -> str:
        return (Path(self.results[notebook]["folder"]) / file).read_text(encoding="utf-8")


@dataclass
class Repository:
    root: Path

    def notebook(self, name: str, *cells: str) -> None:
        write_notebook(self.root / name, cells)

    def ran(self) -> int:
        """How often cells with COUNT have run."""
        path = self.root / "ran.txt"
        return len(path.read_text(encoding="utf-8")) if path.exists() else 0

    def run(self, *options: str, variables: Mapping[str, str] | None = None) -> Outcome:
        command = [sys.executable, "-m", "amltasks", "run-notebook", "*.ipynb", "--python", notebook_python(), *options]
        environment = {**os.environ, **(variables or {})}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=300)
        assert done.stderr == ""
        report = json.loads((self.root / "notebook-results" / "results.json").read_bytes())
        return Outcome(done.returncode, done.stdout, report)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_an_unchanged_notebook_runs_once_and_leaves_the_same_twice(repository: Repository) -> None:
    repository.notebook("train.ipynb", COUNT, "print('hello')", PLOT)
    first = repository.run("--reuse")
    files = {name: first.text("train.ipynb", name) for name in ("executed.ipynb", "console.log")}

    second = repository.run("--reuse", "--html")

    assert (first.reused, second.reused, repository.ran()) == ([], ["train.ipynb"], 1)
    assert files == {name: second.text("train.ipynb", name) for name in files}
    then, now = first.results["train.ipynb"], second.results["train.ipynb"]
    assert [cell["outcome"] for cell in now["cells"]] == ["passed"] * 3
    assert [artefact["kind"] for artefact in now["artefacts"]] == ["ipynb", "log", "images", "html"]
    assert all(Path(artefact["path"]).is_file() for artefact in now["artefacts"])
    assert now["duration"] == then["duration"]
    assert re.match(r"Reused from a run of \d{4}-\d\d-\d\d \d\d:\d\d UTC: nothing that it depends on", now["notes"][0])
    assert "Reused from a run of" in second.text("train.ipynb", "train.html")
    assert "passed (reused)" in second.said


def test_a_failed_notebook_runs_again(repository: Repository) -> None:
    repository.notebook("bad.ipynb", COUNT, "1 / 0")

    codes = [repository.run("--reuse").code for _ in range(2)]

    assert (codes, repository.ran()) == ([1, 1], 2)


def test_a_changed_module_or_a_notebook_that_says_never_runs_again(repository: Repository) -> None:
    (repository.root / "helper.py").write_text("x = 1", encoding="utf-8")
    (repository.root / "notebooks.yml").write_text("notebooks:\n  side.ipynb: {reuse: never}\n", encoding="utf-8")
    repository.notebook("uses.ipynb", "import helper\nprint(helper.x)")
    repository.notebook("plain.ipynb", "1")
    repository.notebook("side.ipynb", COUNT)
    repository.run("--reuse")
    (repository.root / "helper.py").write_text("x = 2", encoding="utf-8")

    again = repository.run("--reuse")

    assert again.reused == ["plain.ipynb"]
    assert again.results["uses.ipynb"]["outcome"] == "passed"
    assert repository.ran() == 2


def test_without_being_asked_nothing_is_reused_and_nothing_kept(repository: Repository) -> None:
    repository.notebook("a.ipynb", COUNT)

    for _ in range(2):
        repository.run()

    assert repository.ran() == 2
    assert not (repository.root / ".amltasks").exists()


def test_a_notebook_whose_sources_change_while_it_runs_is_not_kept(repository: Repository) -> None:
    (repository.root / "helper.py").write_text("x = 1", encoding="utf-8")
    repository.notebook("a.ipynb", "import helper", "open('helper.py', 'a').write('#')")

    runs = [repository.run("--reuse") for _ in range(2)]

    assert [run.reused for run in runs] == [[], []]


def damaged(folder: Path) -> None:
    for path in (folder / "results").glob("*.zip"):
        path.write_bytes(path.read_bytes()[:100])


def in_the_way(folder: Path) -> None:
    for path in (folder / "results").glob("*.zip"):
        path.unlink()
    (folder / "results").rmdir()
    (folder / "results").write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    ("harm", "says"),
    [(damaged, "A result kept for reuse is damaged and was removed"), (in_the_way, "kept for reuse")],
)
def test_a_cache_that_cannot_be_used_is_one_sentence_and_all_runs(harm: Any, says: str, repository: Repository) -> None:
    for name in "ab":
        repository.notebook(f"{name}.ipynb", COUNT)
    repository.run("--reuse")
    harm(repository.root / ".amltasks")

    again = repository.run("--reuse")

    assert (again.code, again.reused) == (0, [])
    (note,) = again.report["notes"]
    assert says in note
    assert f"note: {note}" in again.said


def test_the_longest_of_the_last_run_starts_first(repository: Repository) -> None:
    for name, seconds in {"a": 0, "b": 0.5, "c": 2}.items():
        repository.notebook(f"{name}.ipynb", f"import time\ntime.sleep({seconds})")
    first, second = repository.run("-j", "1"), repository.run("-j", "1")

    def order(outcome: Outcome) -> list[str]:
        return re.findall(r"^running  (\w)", outcome.said, re.MULTILINE)

    assert order(first) == ["a", "b", "c"]
    assert order(second)[0] == "c"
    assert list(second.results) == ["a.ipynb", "b.ipynb", "c.ipynb"]


def test_two_large_notebooks_do_not_run_at_once_where_there_is_room_for_one(repository: Repository) -> None:
    """The first time nobody knows how large they are; then the second of them waits, and says why."""
    take = "import time\nbegin = time.time()\ndata = bytearray(b'x') * 600_000_000\ntime.sleep(1.5)"
    for name in "ab":
        repository.notebook(f"{name}.ipynb", take, "print(begin, time.time())")

    first = repository.run("-j", "2")
    second = repository.run("-j", "2", "--max-memory", "1 GB")

    def times(outcome: Outcome) -> list[tuple[float, float]]:
        texts = (re.search(r"^(\d+\.\d+) (\d+\.\d+)$", outcome.text(n, "console.log"), re.M) for n in outcome.results)
        return sorted((float(found[1]), float(found[2])) for found in texts if found)

    assert all(result["peakMemory"] > 600_000_000 for result in first.results.values())
    (_, end), (begin, _) = times(second)
    assert begin > end
    (waited,) = [note for result in second.results.values() for note in result["notes"]]
    assert re.fullmatch(
        r"It waited \d+\.\d s for memory: it took \d+\.\d MiB the last time, "
        r"and \d+\.\d MiB of maxMemory 953\.7 MiB were left\.",
        waited,
    )


def test_with_fail_fast_nothing_starts_after_the_first_failure(repository: Repository) -> None:
    repository.notebook("a.ipynb", COUNT)
    repository.notebook("b.ipynb", "1 / 0")
    repository.notebook("c.ipynb", COUNT)

    stopped, patient = repository.run("-j", "1", "--fail-fast"), repository.run("-j", "1")

    assert [result["outcome"] for result in stopped.report["results"]] == ["passed", "failed", "notRun"]
    assert stopped.results["c.ipynb"]["message"] == "Not run: enough notebooks had failed (failFast)."
    assert [result["outcome"] for result in patient.report["results"]] == ["passed", "failed", "passed"]
    assert (stopped.code, patient.code) == (1, 1)


def test_a_run_that_fails_for_its_secrets_alone_says_so(repository: Repository) -> None:
    repository.notebook("tells.ipynb", "import os\nprint(os.environ['TOKEN'])")

    ran = repository.run("--secret", "TOKEN", "--strict-secrets", variables={"TOKEN": "s3cr3t-value"})

    assert ran.code == 1
    assert "--strict-secrets: secrets were found in the outputs of tells.ipynb.\n" in ran.said
    assert "s3cr3t-value" not in ran.said
