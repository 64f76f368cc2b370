"""The zygotes of one program: one for every interpreter, its options, its settings and what it is to import."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Mapping

from amltasks.kernels.command import KernelCommand
from amltasks.kernels.zygote import Zygote, can_fork, start_environment

_MOST_ZYGOTES = 8
_ATTEMPTS = 2  # a zygote that refuses is replaced once: packages may have been installed meanwhile

_Key = tuple[object, ...]


class Zygotes:
    """Begins zygotes when they are first wanted, and ends them all with `close`. May be used from any thread."""

    def __init__(self) -> None:
        self._zygotes: dict[_Key, Zygote] = {}
        self._begun: dict[_Key, int] = {}
        self._lock = threading.Lock()

    def get(self, command: KernelCommand, environment: Mapping[str, str], preload: Iterable[str] = ()) -> Zygote | None:
        """The zygote for such kernels, begun if need be, never waited for.

        None where kernels must be started directly: not Linux, too many kinds of kernels, or it refused before.
        """
        key = (command.interpreter, command.options, tuple(preload), *start_environment(environment).items())
        with self._lock:
            if key not in self._zygotes and can_fork():
                if self._begun.get(key, 0) == _ATTEMPTS or len(self._zygotes) == _MOST_ZYGOTES:
                    return None
                self._begun[key] = self._begun.get(key, 0) + 1
                with contextlib.suppress(OSError):  # the direct start will say what is wrong with the interpreter
                    self._zygotes[key] = Zygote.begin(command.interpreter, environment, preload, command.options)
            return self._zygotes.get(key)

    def drop(self, zygote: Zygote) -> None:
        """Ends one that has refused."""
        with self._lock:
            for key in [key for key, known in self._zygotes.items() if known is zygote]:
                del self._zygotes[key]
        zygote.close()

    def close(self) -> None:
        with self._lock:
            zygotes = list(self._zygotes.values())
            self._zygotes.clear()
        for zygote in zygotes:
            zygote.close()
