"""What all tests with real kernels need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notebooks.running import SHARED


@pytest.fixture(scope="session")
def hostile() -> Path:
    """The folder of hostile notebooks."""
    folder = SHARED / "hostile"
    if not folder.is_dir():
        pytest.skip(f"the hostile notebooks are not here: {folder}")
    return folder
