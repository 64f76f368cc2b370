"""Find files by the patterns of tasks: `*`, `?`, `**`, and `!` to leave out, one on each line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path


def find(folder: Path, patterns: str) -> list[Path]:
    """Files below a folder; patterns may begin with the folder's own path."""
    names = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())
    relative = (line.strip().replace(f"{folder.as_posix()}/", "", 1) for line in patterns.splitlines())
    return [folder / name for name in select(list(names), "\n".join(relative))]


def select(names: Sequence[str], patterns: str) -> list[str]:
    """The names that the patterns leave; a later line may take away what an earlier one found."""
    found: list[str] = []
    for pattern in filter(None, map(str.strip, patterns.splitlines())):
        matching = [name for name in names if re.fullmatch(_regex(pattern.removeprefix("!")), name)]
        if pattern.startswith("!"):
            found = [name for name in found if name not in matching]
        else:
            found += [name for name in matching if name not in found]
    return found


def _regex(pattern: str) -> str:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    special = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(special.get(part, re.escape(part)) for part in parts)
