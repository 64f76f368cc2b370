"""The soak: hundreds of notebooks of all kinds leave nothing behind, and what would grow is found."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from soaking.samples import MIB, MOST_GROWN, Sample, grown, too_much

from tests.notebooks.running import ROOT, notebook_python

STEADY = [Sample(runs, 200 * MIB, 20, 3, 4, 4) for runs in range(0, 2000, 100)]


@pytest.mark.parametrize("name", MOST_GROWN)
def test_what_grows_with_every_run_is_found(name: str) -> None:
    unit = MIB if name == "memory" else 1
    leaking = [replace(sample, **{name: getattr(sample, name) + at * 2 * unit}) for at, sample in enumerate(STEADY)]

    assert too_much(grown(leaking)) == [name]


def test_what_goes_up_and_down_has_not_grown() -> None:
    noisy = [replace(sample, memory=sample.memory + at % 3 * 9 * MIB) for at, sample in enumerate(STEADY)]

    assert too_much(grown(noisy)) == []


ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="processes are followed through /proc")
WITH_KERNELS = pytest.mark.skipif(
    not Path(notebook_python()).exists(), reason=f"no interpreter for notebooks: {notebook_python()}"
)


@ON_LINUX
@WITH_KERNELS
def test_notebooks_of_all_endings_leave_nothing(tmp_path: Path) -> None:
    """Passed, failed, hung, crashed, with processes left behind; on forked and on direct kernels."""
    kinds = ["small-a", "raises", "exits", "killed", "crashes", "hangs", "children", "none", "direct-children"]

    assert soak(tmp_path, "--runs", "36", "--kinds", *kinds) == [9, 18, 27, 36]


@pytest.mark.long
@pytest.mark.timeout(600)
@ON_LINUX
@WITH_KERNELS
def test_a_hundred_notebooks_of_all_kinds_leave_nothing(tmp_path: Path) -> None:
    """With widgets, figures, secrets and floods, too."""
    assert soak(tmp_path, "--runs", "96", "--svg", str(tmp_path / "soak.svg")) == [24, 48, 72, 96]
    assert (tmp_path / "soak.svg").read_text().startswith("<?xml")


def soak(folder: Path, *arguments: str) -> list[int]:
    """How many notebooks there were when each sample was taken. Nothing has grown between them."""
    command = [sys.executable, str(ROOT / "scripts" / "soak.py"), "--json", str(folder / "soak.json"), *arguments]

    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    return [sample["runs"] for sample in json.loads((folder / "soak.json").read_text())["samples"]]
