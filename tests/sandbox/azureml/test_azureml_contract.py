"""The check of exchanges against the SDK's own models: it passes what fits, and names what does not."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.azure.conftest import ROOT
from tests.sandbox.azureml.scene import Scene

PROGRAM = Path(__file__).with_name("contract.py")


def checked(recording: Path) -> subprocess.CompletedProcess[str]:
    sys.path.insert(0, str(ROOT / "scripts"))
    import environment

    command = [str(environment.azureml_python()), str(PROGRAM), str(recording)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def put(scene: Scene, name: str) -> dict[str, Any]:
    """The exchange by which a job is submitted."""
    outputs = {"made": {"jobOutputType": "uri_folder"}}
    scene.submit(name, "true", outputs=outputs, limits={"jobLimitsType": "Command", "timeout": "PT1H"})
    exchanges = [json.loads(each.model_dump_json(by_alias=True)) for each in scene.cloud.world.journal.exchanges]
    return next(each for each in reversed(exchanges) if each["method"] == "PUT" and f"/jobs/{name}?" in each["url"])


def test_what_does_not_fit_is_named(scene: Scene, tmp_path: Path) -> None:
    good = put(scene, "held")
    changes: list[tuple[str, str, Any, str]] = [
        ("requestBody", "colour", "blue", "request.properties.colour: no such member of CommandJob"),
        ("requestBody", "command", None, "request.properties.command: missing"),
        ("requestBody", "codeId", 7, "request.properties.codeId: expected str, got 7"),
        ("responseBody", "status", "Happy", "response.properties.status: 'Happy' is none of"),
        ("responseBody", "outputs", {"o": {"jobOutputType": "uri_folder", "x": 1}}, "outputs.o.x: no such member"),
        ("responseBody", "services", [], "response.properties.services: expected an object"),
    ]
    exchanges = [good]
    for body, member, value, _ in changes:
        exchanges.append(copy.deepcopy(good))
        exchanges[-1][body]["properties"][member] = value
    recording = tmp_path / "bad.azure.jsonl"
    recording.write_text("".join(f"{json.dumps(each)}\n" for each in exchanges))

    done = checked(recording)

    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert len(lines) == len(changes) + 1
    for number, (line, (_, _, _, says)) in enumerate(zip(lines, changes, strict=False), 2):
        assert line.startswith(f"bad.azure.jsonl:{number}: PUT")
        assert says in line


@pytest.mark.parametrize(("status", "code"), [(201, 0), (501, 2)])
def test_what_fits_passes_and_nothing_is_not_enough(scene: Scene, tmp_path: Path, status: int, code: int) -> None:
    recording = tmp_path / "good.azure.jsonl"
    recording.write_text(json.dumps({**put(scene, f"good{code}"), "status": status}))

    assert checked(recording).returncode == code
