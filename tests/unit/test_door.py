"""The task's process, before and after what it is there for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "tasks" / "RunNotebookOnAML" / "main.py"
SETTINGS = {"task": {"name": "RunNotebookOnAML", "version": "1.0.0"}, "variables": {}, "secrets": {}}


def entered(python: str, given: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """As the launcher starts it, with temporary files in the folder."""
    return subprocess.run(
        [python, "-I", "-u", str(MAIN)], input=given, capture_output=True, text=True, env={"TMPDIR": str(folder)}
    )


def test_an_environment_that_is_damaged_is_said_in_one_sentence_on_the_page(tmp_path: Path) -> None:
    bare = getattr(sys, "_base_executable", sys.executable)  # an interpreter without this package

    ended = entered(bare, "{}", tmp_path)

    sentence = "The task's own environment is damaged (No module named 'amltasks'): delete the folder "
    issue, completion = ended.stdout.splitlines()
    assert issue.startswith(f"##vso[task.logissue type=error]{sentence}")
    assert completion.startswith(f"##vso[task.complete result=Failed]{sentence}")
    assert (ended.returncode, ended.stderr) == (3, "")


@pytest.mark.parametrize(
    "given",
    ["", "[]", "no JSON", json.dumps({"inputs": None}), json.dumps({**SETTINGS, "inputs": {"notebooks": "*.ipynb"}})],
)
def test_bad_input_is_said_in_one_sentence_and_leaves_nothing(given: str, tmp_path: Path) -> None:
    """Also where a job was good enough to get kernels ready for it."""
    ended = entered(sys.executable, given, tmp_path)

    assert ended.stdout.count("##vso[task.logissue type=error]") == 1
    assert (ended.returncode, ended.stderr) == (2, "")
    assert list(tmp_path.iterdir()) == []
