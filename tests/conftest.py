"""What all tests have in common: the built package, and which of them must run in one process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests.locking import one_at_a_time
from tests.notebooks.running import notebook_python

TESTS = Path(__file__).resolve().parent
BUILD = TESTS.parent / "scripts" / "build.py"

# What these share within a session (a browser, the run of a whole pipeline) is made once if one worker has them all.
TOGETHER = (
    "tests/browser/",
    "tests/task/test_bad_input.py",
    "tests/task/test_log_injection.py",
    "tests/task/test_task_outcomes.py",
    "tests/task/test_retries.py",
    "tests/task/test_secrets.py",
)

# What runs notebooks, and is skipped where there is no interpreter for their kernels.
WITH_KERNELS = ("azureml", "fidelity", "notebooks", "task")


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Every test to whoever is free, but those of TOGETHER: `--dist loadgroup` does nothing with pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return next((place for place in TOGETHER if nodeid.startswith(place)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if Path(notebook_python()).exists():
        return
    skip = pytest.mark.skip(reason=f"no interpreter for notebooks: {notebook_python()}")
    for item in items:
        if any(TESTS / folder in item.path.parents for folder in WITH_KERNELS):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all workers of a test session."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def package(shared: Path) -> Path:
    """The packed extension, built once."""
    with one_at_a_time(shared / "build.lock"):
        done = subprocess.run([sys.executable, str(BUILD)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.splitlines()[-1])
