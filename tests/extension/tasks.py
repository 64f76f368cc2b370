"""A task on the disk, packed as the extension's are, whose environment needs one small package."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

import payload

from tests.extension.launching import wheel_information

INPUTS = {
    "notebooks": "multiLine",
    "attach": "string",
    "platform": "string",
    "python": "string",
    "azureSubscription": "connectedService:AzureRM",
}


def make_task(folder: Path, launcher: Path, main: str, links: Path) -> Path:
    """A task with the launcher given, whose main.py says `main` and whose locks want one small package from `links`."""
    folder.mkdir(parents=True)
    definition = {
        "name": "Probe",
        "version": {"Major": 1, "Minor": 2, "Patch": 3},
        "inputs": [{"name": name, "type": type_} for name, type_ in INPUTS.items()],
    }
    (folder / "task.json").write_text(json.dumps(definition), encoding="utf-8")
    (folder / "main.py").write_text(main, encoding="utf-8")
    shutil.copy(launcher, folder / "launcher.js")
    (locked,) = links.glob("locked-*.whl")
    digest = hashlib.sha256(locked.read_bytes()).hexdigest()
    (folder / payload.NAME).write_bytes(_payload(f"locked==1.0 \\\n    --hash=sha256:{digest}\n"))
    return folder


def change_payload(task: Path, part: Literal["files", "locks"], change: Callable[[str], str]) -> None:
    """Change the text of every file of the task's wheel, or of every lock."""
    content = payload.unpack((task / payload.NAME).read_bytes())
    content[part] = {name: change(text) for name, text in content[part].items()}
    (task / payload.NAME).write_bytes(payload.pack(content))


@cache
def _payload(lock: str) -> bytes:
    files = {"ownpackage/__init__.py": "import locked\n", **wheel_information("ownpackage")}
    locks = {name: f"# {name}\n{lock}" for name in ("runner.lock", "azureml.lock", "azureml-v1.lock")}
    return payload.pack({"wheel": "ownpackage-1.0-py3-none-any.whl", "files": files, "locks": locks})
