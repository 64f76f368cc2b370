"""Who gets a request: shares of it in turn, as evenly as they can be spread."""

from __future__ import annotations

import threading
from collections.abc import Mapping


class Balance:
    """Of one endpoint. Where Azure throws dice, shares are exact here: of any ten requests of 10 %, one."""

    def __init__(self) -> None:
        self._shares: dict[str, float] = {}
        self._credit: dict[str, float] = {}
        self._lock = threading.Lock()

    def pick(self, shares: Mapping[str, float]) -> str | None:
        """The one whose turn it is; None where nobody has a share."""
        shares = {name: share for name, share in shares.items() if share}
        total = sum(shares.values())
        if not total:
            return None
        with self._lock:
            before = self._credit if self._shares == shares else {}
            self._shares = shares
            self._credit = {name: before.get(name, 0) + share for name, share in shares.items()}
            chosen = max(self._credit, key=lambda name: self._credit[name])
            self._credit[chosen] -= total
            return chosen
