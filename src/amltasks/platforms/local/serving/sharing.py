"""Which deployment answers the next request. Pure: as even as can be, so that of ten requests one in ten is one."""

from __future__ import annotations

from collections.abc import Mapping


class Shares:
    """traffic, mirror: percent by deployment."""

    def __init__(self, traffic: Mapping[str, int], mirror: Mapping[str, int]) -> None:
        self._traffic = {name: percent for name, percent in traffic.items() if percent}
        self._mirror = {name: percent for name, percent in mirror.items() if percent}
        self._due = dict.fromkeys([*self._traffic], 0)
        self._due_to_mirror = dict.fromkeys(self._mirror, 0)

    def next(self) -> str:
        """Who answers; empty where nobody has a share. The one that is furthest behind its share."""
        if not self._traffic:
            return ""
        for name, percent in self._traffic.items():
            self._due[name] += percent
        chosen = max(self._due, key=self._due.__getitem__)
        self._due[chosen] -= sum(self._traffic.values())
        return chosen

    def copies(self) -> list[str]:
        """Who gets a copy of this request."""
        chosen = []
        for name, percent in self._mirror.items():
            self._due_to_mirror[name] += percent
            if self._due_to_mirror[name] >= 100:
                self._due_to_mirror[name] -= 100
                chosen.append(name)
        return chosen
