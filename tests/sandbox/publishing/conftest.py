"""Scenes to publish to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.sandbox.publishing.scene import Scene

CHECKER = Path(__file__).parents[3].parent / "shared" / "conformance" / "check_exchanges.py"


@pytest.fixture
def new_scene(tmp_path: Path) -> Iterator[Callable[[], Scene]]:
    """Makes scenes that share nothing, so that also the SDK asks each server anew where its resources are."""
    scenes: list[Scene] = []

    def make() -> Scene:
        folder = tmp_path / str(len(scenes))
        folder.mkdir()
        scenes.append(Scene(folder))
        return scenes[-1]

    yield make
    with ThreadPoolExecutor(max_workers=20) as together:  # each server takes its time to stop
        list(together.map(Scene.close, scenes))


@pytest.fixture
def scene(new_scene: Callable[[], Scene]) -> Scene:
    return new_scene()


@pytest.fixture
def conforms(tmp_path: Path) -> Callable[[Iterable[Scene]], str]:
    """Checks that what went over the wire fits Microsoft's documents; gives the checker's last line."""
    if not CHECKER.exists():
        pytest.skip(f"the conformance checker is not there: {os.path.relpath(CHECKER)}")

    def check(scenes: Iterable[Scene]) -> str:
        recordings = []
        for number, scene in enumerate(scenes):
            recordings.append(tmp_path / f"recording-{number}.jsonl")
            scene.world.journal.to(recordings[-1])
            scene.world.journal.close()
        done = subprocess.run([sys.executable, CHECKER, *recordings], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        return done.stdout.splitlines()[-1]

    return check
