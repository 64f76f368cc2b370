"""Environments of scoring scripts: made once, whole or not at all, and why not is said in pip's words."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from amltasks.platforms.endpoints import ScoringEnvironment
from amltasks.platforms.local.serving.environment import NotMadeError, scoring_python


def conda_file(folder: Path, *dependencies: str) -> ScoringEnvironment:
    file = folder / "conda.yml"
    file.write_text(f"dependencies: [{', '.join(dependencies)}]", "utf-8")
    return ScoringEnvironment(conda=file)


def test_the_same_packages_are_installed_once(tmp_path: Path) -> None:
    told: list[str] = []
    first = scoring_python(ScoringEnvironment(), told.append)
    second = scoring_python(conda_file(tmp_path, "{pip: [azureml-inference-server-http==1.5.1]}"), told.append)

    assert first.path == second.path
    assert second.seconds is None
    assert told == []


def test_what_is_otherwise_than_on_azure_ml_is_told(tmp_path: Path) -> None:
    found = scoring_python(conda_file(tmp_path, "python=3.99"), print)

    assert found.lacks_server
    assert found.notes[0].startswith("The conda file asks for Python 3.99, which is not on this machine: ")


@pytest.mark.long
def test_without_a_network_pip_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_TOOLSDIRECTORY", str(tmp_path))
    settings = {"INDEX_URL": "http://127.0.0.1:9/simple", "EXTRA_INDEX_URL": "", "FIND_LINKS": "", "RETRIES": "1"}
    for name, value in settings.items():
        monkeypatch.setenv(f"PIP_{name}", value)
        monkeypatch.setenv(f"UV_{name}", value)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)

    with pytest.raises(NotMadeError) as refused:
        scoring_python(ScoringEnvironment(), print)

    assert str(refused.value).startswith(
        "The scoring environment cannot be made: pip does not reach the package index: "
    )
    assert "Connection refused" in str(refused.value)
    assert list((tmp_path / "amltasks-scoring").iterdir()) == []


@pytest.mark.long
def test_what_nobody_finished_or_used_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that have gone from an environment have it made anew."""
    monkeypatch.setenv("AGENT_TOOLSDIRECTORY", str(tmp_path))
    root = tmp_path / "amltasks-scoring"
    abandoned, unused, in_use = root / "a.new-1", root / "b", root / "c"
    for folder, days in ((abandoned, 1), (unused, 31), (in_use, 29)):
        folder.mkdir(parents=True)
        stamp = folder / ".amltasks-used"
        stamp.touch()
        then = time.time() - days * 24 * 3600
        os.utime(stamp, (then, then))
    made = scoring_python(ScoringEnvironment(), print)

    assert not abandoned.exists()
    assert not unused.exists()
    assert in_use.exists()

    shutil.rmtree(made.path.parent)
    again = scoring_python(ScoringEnvironment(), print)

    assert again.path == made.path
    assert again.seconds is not None
    assert made.path.is_file()
