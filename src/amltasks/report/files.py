"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, text: str, *, durable: bool = True) -> None:
    """Write UTF-8 text; a reader sees the former content or all of the new. Raises OSError and leaves nothing behind.

    durable: also after the machine has lost its power; that takes the disk's time.

    Surrogates that no encoding has, which may come from file names, become question marks.
    """
    beside = path.with_name(f".{path.name[:100]}.{os.getpid()}.part")
    try:
        with beside.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
