"""A kernel that the system kills for want of memory is told as that, with the evidence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebooks.running import ROOT, write_notebook

LIMIT = 400 * 2**20


@pytest.fixture
def small_group() -> Iterator[Path]:
    """A control group with 400 MiB, for those who may make one (root, as in a container)."""
    root = Path("/sys/fs/cgroup")
    version_1 = (root / "memory" / "memory.limit_in_bytes").exists()
    group = (root / "memory" if version_1 else root) / f"amltasks-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    try:
        limit = group / ("memory.limit_in_bytes" if version_1 else "memory.max")
        limit.write_text(str(LIMIT))
        if not version_1:
            (group / "memory.swap.max").write_text("0")
        yield group
    except OSError as error:
        pytest.skip(f"no memory limit can be set here: {error}")
    finally:
        group.rmdir()


def test_the_systems_out_of_memory_kill_is_told_with_its_evidence(small_group: Path, tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "hog.ipynb", ["hog = []\nwhile True: hog.append(b'x' * (16 << 20))"])
    script = tmp_path / "command.py"
    script.write_text(
        f"import os, sys; sys.path[:0] = [{str(ROOT)!r}]\n"
        "from pathlib import Path\nfrom tests.notebooks.running import run_notebook\n"
        "Path(sys.argv[1], 'cgroup.procs').write_text(str(os.getpid()))\n"
        "print(run_notebook(Path(sys.argv[2]), Path(sys.argv[3])).result.model_dump_json())\n"
    )
    command = [sys.executable, str(script), str(small_group), str(notebook), str(tmp_path / "out")]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    result = json.loads(done.stdout)
    assert result["outcome"] == "kernelDied"
    assert "SIGKILL; out of memory: the memory limit of this container or control group" in result["message"]
    assert 100 * 2**20 < result["kernel_death"]["peak_memory"] <= LIMIT
