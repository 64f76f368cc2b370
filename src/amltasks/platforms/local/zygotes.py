"""The zygotes from which a command's kernels are forked, begun before anybody can say what they will be asked for."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from amltasks.kernels.switch import forks_wanted
from amltasks.kernels.zygote import Zygote, can_fork
from amltasks.notebooks.interpreters import locate_python, outside_of_ours

if TYPE_CHECKING:
    from amltasks.notebooks.wire import WarmKernels


class Zygotes:
    """At most one for each interpreter; `close` must be called."""

    def __init__(self) -> None:
        self._wanted = can_fork() and forks_wanted()
        self._zygotes: dict[str, Zygote] = {}  # by the interpreter's file
        self._waiting: list[Zygote] = []  # for what to preload
        self._modules: tuple[str, ...] | None = None

    def begin(self, python: str) -> None:
        """Has one imported for kernels of this `python`, meanwhile. Whatever is wrong with it is not told here."""
        interpreter = locate_python(python, os.environ) if self._wanted else ""
        if not interpreter or interpreter in self._zygotes:
            return
        environment = outside_of_ours(os.environ, str(Path(interpreter).parent.parent))
        with contextlib.suppress(OSError):
            zygote = Zygote.begin(interpreter, environment, self._modules)
            self._zygotes[interpreter] = zygote
            if self._modules is None:
                self._waiting.append(zygote)

    def preload(self, modules: Iterable[str]) -> None:
        """What the notebooks import, as far as that may be done beforehand. No kernel is forked before this is said."""
        self._modules = tuple(modules)
        for zygote in self._waiting:
            zygote.preload(self._modules)
        self._waiting.clear()

    def of(self, python: str) -> WarmKernels | None:
        """For kernels of this `python`, begun if need be; None where they start directly."""
        from amltasks.notebooks.wire import WarmKernels  # brings much, and must not delay the first `begin`

        self.begin(python)
        interpreter = locate_python(python, os.environ)
        zygote = self._zygotes.get(interpreter)
        return WarmKernels(interpreter=interpreter, address=zygote.address) if zygote else None

    def end(self) -> None:
        """Tells them to end; `close` waits until they have."""
        for zygote in self._zygotes.values():
            zygote.end()

    def close(self) -> None:
        for zygote in self._zygotes.values():
            zygote.close()
        self._zygotes.clear()
