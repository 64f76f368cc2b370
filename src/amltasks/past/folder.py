"""The folder in which things are kept for later runs."""

from __future__ import annotations

from pathlib import Path


def make_cache_folder(folder: Path) -> None:
    """Made if need be, and kept out of version control. Raises OSError."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
