"""A kernel that is asked to end does so by itself, whatever the notebook has left running."""

from __future__ import annotations

from pathlib import Path

import pytest

from amltasks.kernels.zygote import Zygote
from tests.kernels.conversing import direct, forked

LEAVE = (
    "import atexit, pathlib, subprocess\n"
    "left = [subprocess.Popen(['sleep', '600']) for _ in range(3)]\n"
    "atexit.register(pathlib.Path('handled').write_text, 'yes')"
)


@pytest.mark.parametrize("kind", ["forked", "direct"])
def test_children_that_were_not_waited_for_do_not_hold_it_up(kind: str, zygote: Zygote, tmp_path: Path) -> None:
    """They are ended first, and go on as zombies as long as the kernel lives."""
    with forked(zygote, tmp_path) if kind == "forked" else direct(tmp_path) as kernel:
        assert kernel.run(LEAVE).error == ""

        assert kernel.end() == 0

    assert (tmp_path / "handled").read_text() == "yes"
