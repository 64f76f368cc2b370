"""The check of exchanges against the SDK's own models: it passes what fits, and names what does not."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.azureml.scene import Scene

pytestmark = pytest.mark.xdist_group("azureml contract")

PROGRAM = Path(__file__).with_name("contract.py")
CHECK = """
import contextlib, io, sys
sys.path.insert(0, program)
import contract
with contextlib.redirect_stdout(io.StringIO()) as said:
    code = contract.main([recording])
result = [code, said.getvalue()]
"""


def checked(scene: Scene, recording: Path) -> tuple[int, list[str]]:
    """The program's exit status and lines, in the process that has the SDK imported."""
    code, said = scene.run(CHECK, program=str(PROGRAM.parent), recording=str(recording))
    return code, said.splitlines()


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

    code, lines = checked(scene, recording)

    assert code == 1
    assert len(lines) == len(changes) + 1
    for number, (line, (_, _, _, says)) in enumerate(zip(lines, changes, strict=False), 2):
        assert line.startswith(f"bad.azure.jsonl:{number}: PUT")
        assert says in line


@pytest.mark.parametrize(("status", "code"), [(201, 0), (501, 2)])
def test_what_fits_passes_and_nothing_is_not_enough(scene: Scene, tmp_path: Path, status: int, code: int) -> None:
    recording = tmp_path / "good.azure.jsonl"
    recording.write_text(json.dumps({**put(scene, f"good{code}"), "status": status}))

    assert checked(scene, recording)[0] == code
