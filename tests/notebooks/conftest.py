"""What all tests with real kernels need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notebooks.running import SHARED, notebook_python


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    if Path(notebook_python()).exists():
        return
    skip = pytest.mark.skip(reason=f"no interpreter for notebooks: {notebook_python()}")
    for item in items:
        if here in item.path.parents:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def hostile() -> Path:
    """The folder of hostile notebooks."""
    folder = SHARED / "hostile"
    if not folder.is_dir():
        pytest.skip(f"the hostile notebooks are not here: {folder}")
    return folder
