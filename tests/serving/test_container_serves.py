"""What a Dockerfile says, carried out without Docker: its copies, variables and command give a server that scores."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests

from amltasks.endpoints.container import write_context
from amltasks.platforms.endpoints import DeploymentSpec, ScoringEnvironment
from amltasks.platforms.local.serving.environment import scoring_python
from amltasks.platforms.registry import Model

pytestmark = pytest.mark.timeout(300)

ROOT = "/var/azureml-app"
SCORE = """
import os
from pathlib import Path

def init():
    global model
    model = (Path(os.environ["AZUREML_MODEL_DIR"]) / "model.txt").read_text()

def run(data):
    return {"model": model, "who": os.environ["WHO"]}
"""


@pytest.mark.long
def test_its_command_serves_the_model(tmp_path: Path) -> None:
    """Requirement 2.23."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "score.py").write_text(SCORE)
    (tmp_path / "model.txt").write_text("one")
    models = (Model(name="m", version="1"),)
    spec = DeploymentSpec(models=models, code=tmp_path / "src", script="score.py", variables={"WHO": 'a "$b" \\ c'})
    write_context(tmp_path / "context", spec, {"m:1": tmp_path / "model.txt"}, print)
    image, variables, command = carried_out(tmp_path / "context", tmp_path / "image")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command[command.index("0.0.0.0:5001")] = f"127.0.0.1:{port}"
    python = scoring_python(ScoringEnvironment(), print).path
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}

    with subprocess.Popen(
        [str(python), *command[1:]],
        env={**kept, "HOME": str(tmp_path), **variables, "PATH": f"{python.parent}:{kept['PATH']}"},
        cwd=image,
    ) as server:
        try:
            answer = asked(f"http://127.0.0.1:{port}/score", server)
        finally:
            server.terminate()

    assert command[0] == "python"
    assert answer == {"model": "one", "who": 'a "$b" \\ c'}


def carried_out(context: Path, image: Path) -> tuple[Path, dict[str, str], list[str]]:
    """The image's folder, its variables and its command, with that folder for the one that it is in the image."""
    variables, command = {}, []
    image.mkdir()
    for line in (context / "Dockerfile").read_text().replace(ROOT, str(image)).splitlines():
        word, _, rest = line.partition(" ")
        if word == "COPY":
            source, target = rest.split()
            copy = shutil.copytree if (context / source).is_dir() else shutil.copyfile
            copy(context / source, image / (source if target == "./" else target))
        elif word == "ENV":
            name, _, value = rest.partition("=")
            variables[name] = re.sub(r"\\(.)", r"\1", value[1:-1])
        elif word == "CMD":
            command = json.loads(rest)
    return image, variables, command


def asked(address: str, server: subprocess.Popen[bytes]) -> object:
    while server.poll() is None:
        try:
            return requests.post(address, json={}, timeout=30).json()
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError("the server ended")
