"""Scoring servers as processes: one environment for all tests, kept in build/."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from amltasks.platforms.endpoints import ScoringEnvironment
from amltasks.platforms.local.serving.environment import scoring_python
from tests.locking import one_at_a_time

BUILD = Path(__file__).resolve().parents[2] / "build"


@pytest.fixture(scope="session", autouse=True)
def scoring_tools(shared: Path) -> Iterator[Path]:
    """Where the inference server is installed already, by whoever came first."""
    tools = BUILD / "scoring-tools"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENT_TOOLSDIRECTORY", str(tools))
        patch.setenv("PATH", f"{BUILD / 'env' / 'uv' / 'bin'}{os.pathsep}{os.environ['PATH']}")
        with one_at_a_time(shared / "scoring-tools.lock"):
            scoring_python(ScoringEnvironment(), print)
        yield tools
