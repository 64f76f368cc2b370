"""The commands that start an IPython kernel, taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LAUNCHER = Path(__file__).with_name("inside") / "launcher.py"


@dataclass(frozen=True)
class KernelCommand:
    """`interpreter *options script *arguments`; script: empty for `-m ipykernel_launcher`."""

    interpreter: str
    options: tuple[str, ...]
    script: str
    arguments: tuple[str, ...]

    @classmethod
    def parse(cls, argv: Sequence[str]) -> KernelCommand | None:
        """The parts of a command that starts an IPython kernel; None for every other command."""
        for at, part in enumerate(argv[1:], start=1):
            if (part, *argv[at + 1 : at + 2]) == ("-m", "ipykernel_launcher"):
                return cls(argv[0], tuple(argv[1:at]), "", tuple(argv[at + 2 :]))
            if Path(part) == LAUNCHER:
                return cls(argv[0], tuple(argv[1:at]), part, tuple(argv[at + 1 :]))
            if not part.startswith("-"):
                return None
        return None
