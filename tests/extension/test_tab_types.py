"""The tab's types are those of the data that the tasks write."""

from __future__ import annotations

import tab_types


def test_the_types_of_the_tab_are_made_from_what_the_tasks_write() -> None:
    assert tab_types.TYPES.read_text(encoding="utf-8") == tab_types.types(), "run python3 scripts/tab_types.py"
