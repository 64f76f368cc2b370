"""What all tests with real kernels need."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.notebooks.running import SHARED


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, object, object]:
    """Where ipykernel sees this variable it leaves the descriptors alone: what children print reaches no cell."""
    os.environ.pop("PYTEST_CURRENT_TEST", None)
    return (yield)


@pytest.fixture(scope="session")
def hostile() -> Path:
    """The folder of hostile notebooks."""
    folder = SHARED / "hostile"
    if not folder.is_dir():
        pytest.skip(f"the hostile notebooks are not here: {folder}")
    return folder
