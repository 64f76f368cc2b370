"""The check of exchanges against the models of the SDK v1: it passes what fits, and names what does not."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.azureml_v1.scene import Scene

pytestmark = pytest.mark.xdist_group("azureml v1 runs")

PROGRAM = Path(__file__).with_name("contract_v1.py")


@pytest.fixture
def good(scene: Scene) -> dict[str, Any]:
    """The exchange by which a run is begun."""
    scene.ask("POST", "history/v1.0:experiments/e", {})
    scene.ask("PATCH", "history/v1.0:experiments/e/runs/r", {"runId": "r", "tags": {"a": "b"}})
    found = scene.cloud.world.journal.exchanges[-1]
    exchange: dict[str, Any] = json.loads(found.model_dump_json(by_alias=True))
    return exchange


def checked(scene: Scene, recording: Path, *exchanges: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    recording.write_text("".join(f"{json.dumps(each)}\n" for each in exchanges))
    command = [str(scene.cloud.sdk.python), str(PROGRAM), str(recording)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_does_not_fit_is_named(scene: Scene, good: dict[str, Any], tmp_path: Path) -> None:
    changes: list[tuple[str, str, Any, str]] = [
        ("requestBody", "colour", "blue", "request.colour: no such member of CreateRunDto"),
        ("requestBody", "tags", [], "request.tags: expected {str}, got []"),
        ("requestBody", "hidden", "no", "request.hidden: expected bool, got 'no'"),
        ("responseBody", "runNumber", "1", "response.runNumber: expected int, got '1'"),
        ("responseBody", "createdBy", {"x": 1}, "response.createdBy.x: no such member of CreatedByDto"),
        ("responseBody", "warnings", [{"y": 1}], "response.warnings.0.y: no such member of RunDetailsWarningDto"),
    ]
    exchanges = [good]
    for body, member, value, _ in changes:
        exchanges.append(copy.deepcopy(good))
        exchanges[-1][body][member] = value

    done = checked(scene, tmp_path / "bad.azure.jsonl", *exchanges)

    assert done.returncode == 1
    *lines, total = done.stdout.splitlines()
    assert total.startswith("checked 7, failed 6, ")
    for number, (line, (_, _, _, says)) in enumerate(zip(lines, changes, strict=True), 2):
        assert line.startswith(f"bad.azure.jsonl:{number}: PATCH")
        assert says in line


def test_what_fits_passes_and_nothing_is_not_enough(scene: Scene, good: dict[str, Any], tmp_path: Path) -> None:
    assert checked(scene, tmp_path / "good.azure.jsonl", good).returncode == 0
    assert checked(scene, tmp_path / "none.azure.jsonl", {**good, "status": 501}).returncode == 2
