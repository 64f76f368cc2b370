"""What the sandboxes of the tests hear and say, kept for scripts/test.py to hold against Microsoft's documents.

python -m tests.recordings [--list] FILE.jsonl… tells how many different operations × statuses were recorded.
"""

from __future__ import annotations

import json
import os
import re
import sys
import uuid
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sandbox.devops.routes import ROUTES
from sandbox.routing import Router
from sandbox.world import World

VARIABLE = "AMLTASKS_RECORDINGS"


def record(world: World) -> World:
    """Has a sandbox write its exchanges to a file of its own, where AMLTASKS_RECORDINGS names a folder."""
    if VARIABLE in os.environ:
        world.journal.to(_new_file())
    return world


def keep(recording: Path) -> None:
    """Keeps a recording that a test made itself."""
    if VARIABLE in os.environ:
        _new_file().write_bytes(recording.read_bytes())


def _new_file() -> Path:
    test = os.environ.get("PYTEST_CURRENT_TEST", "session").split(" ")[0]
    name = re.sub(r"[^A-Za-z0-9_]+", "-", test.removeprefix("tests/"))[:120]
    return Path(os.environ[VARIABLE]) / f"{name}-{uuid.uuid4().hex[:8]}.jsonl"


def count_operations(recordings: Iterable[Path]) -> Counter[tuple[str, str, int]]:
    """How often each (method, route, status) was recorded; a connection that was reset has status 0."""
    router = Router(ROUTES)
    counts: Counter[tuple[str, str, int]] = Counter()
    for recording in recordings:
        for line in recording.read_text(encoding="utf-8").splitlines():
            exchange = json.loads(line)
            _, _, path = unquote(urlsplit(exchange["url"]).path).strip("/").partition("/")  # without the organization
            found = router.find(exchange["method"], path)
            if found is not None:
                counts[exchange["method"], found[0].path, exchange["status"]] += 1
    return counts


def main(arguments: list[str]) -> int:
    counts = count_operations(Path(argument) for argument in arguments if argument != "--list")
    if "--list" in arguments:
        for (method, route, status), times in sorted(counts.items()):
            print(f"{times:6}  {status}  {method} {route}")
    print(f"{len(counts)} different operations × statuses in {sum(counts.values())} exchanges")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
