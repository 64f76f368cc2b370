"""What the manifest says of the tab: Azure DevOps shows it nowhere, without a word, where an id is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ROOT / "vss-extension.json").read_text(encoding="utf-8"))
    return read


def test_it_is_shown_for_the_tasks_that_attach_something_to_it(manifest: dict[str, Any]) -> None:
    [tab] = [each for each in manifest["contributions"] if each["type"] == "ms.vss-build-web.build-results-tab"]
    tasks = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(ROOT.glob("tasks/*/task.json"))]
    attaching = [
        task["id"]
        for task in tasks
        if any(each["name"] == "publish" and "tab" in each["defaultValue"].split(",") for each in task["inputs"])
    ]
    assert sorted(tab["properties"]["supportsTasks"]) == sorted(attaching)


def test_it_may_only_read(manifest: dict[str, Any]) -> None:
    assert sorted(manifest["scopes"]) == ["vso.build", "vso.release", "vso.test"]
