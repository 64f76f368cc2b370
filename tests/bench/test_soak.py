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


@pytest.mark.skipif(sys.platform != "linux", reason="processes are followed through /proc")
@pytest.mark.skipif(not Path(notebook_python()).exists(), reason=f"no interpreter for notebooks: {notebook_python()}")
@pytest.mark.timeout(600)
def test_a_hundred_notebooks_of_all_kinds_leave_nothing(tmp_path: Path) -> None:
    """Passed, failed, hung, crashed, flooded, with processes left behind; on forked and on direct kernels."""
    command = [sys.executable, str(ROOT / "scripts" / "soak.py"), "--runs", "96", "--json", str(tmp_path / "soak.json")]

    done = subprocess.run([*command, "--svg", str(tmp_path / "soak.svg")], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    samples = json.loads((tmp_path / "soak.json").read_text())["samples"]
    assert [sample["runs"] for sample in samples] == [24, 48, 72, 96]
    assert (tmp_path / "soak.svg").read_text().startswith("<?xml")
