"""Amounts of memory as people write them: `2 GB`, `512 MiB`, `1.5g`, `none`; and as they are said to people."""

from __future__ import annotations

import re

from amltasks.errors import UserError
from amltasks.quoting import quoted

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([kmgt]i?)?(?:b|bytes?)?", re.ASCII)
_UNBOUNDED = {"none", "unlimited"}
_DECIMAL, _BINARY = ("bytes", "kB", "MB", "GB", "TB"), ("bytes", "KiB", "MiB", "GiB", "TiB")


def parse_size(text: str, name: str) -> int | None:
    """Bytes, or None for no bound (`none`, 0). A number without unit is bytes; GB are 10⁹ of them, GiB 2³⁰.

    name: what the text was given for, to be named in the error. Raises UserError for anything else.
    """
    wanted = text.strip().lower()
    if wanted in _UNBOUNDED:
        return None
    size = _SIZE.fullmatch(wanted)
    if size is None:
        raise UserError(f"{name}: {quoted(text)} is not an amount of memory; write for example 2 GB, 512 MiB or none.")
    return int(float(size[1]) * _UNITS[size[2] or ""]) or None


def size_words(size: int) -> str:
    """A number of bytes in the units that tell memory: `512 bytes`, `3.4 KiB`, `78.0 MiB`, `1.2 GiB`."""
    if size < 1024:
        return f"{size} bytes"
    amount = size / 1024
    for unit in ("KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"


def size_like(size: int, limit: int | None = None) -> str:
    """`2.31 GB`; in units of 1024 where a limit was given in such: `2.15 GiB`."""
    binary = limit is not None and limit % 1024 == 0 and limit % 1000 != 0
    base, units = (1024, _BINARY) if binary else (1000, _DECIMAL)
    amount, power = float(size), 0
    while amount >= base and power + 1 < len(units):
        amount, power = amount / base, power + 1
    return f"{amount:.3g} {units[power]}" if amount < 1000 else f"{amount:.0f} {units[power]}"
