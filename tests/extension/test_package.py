"""The VSIX, read back: what is in it, and that the check of its contents sees what should not be."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import cast

import payload
import pytest
from bundling import node
from stripping import stripped
from task_texts import version
from vsix import LARGEST, make_reproducible, problems

from build import LAUNCHER
from tests.extension.launching import ROOT

TASK = "tasks/RunNotebookOnAML"
Change = Callable[[dict[str, bytes]], None]


def test_the_package_is_as_it_should_be(package: Path) -> None:
    assert problems(package, version()) == []
    assert package.stat().st_size < LARGEST


def test_it_holds_these_files_and_no_others(package: Path) -> None:
    with zipfile.ZipFile(package) as content:
        names = [name.removeprefix(f"{TASK}/") for name in content.namelist() if name.startswith(TASK)]

    assert sorted(names) == [
        "LICENSE.txt",
        "README.md",
        "Strings/resources.resjson/en-US/resources.resjson",
        "ThirdPartyNotices.txt",
        "icon.png",
        "launcher.js",
        "main.py",
        "packages.json.br",
        "task.json",
    ]


def test_every_bundled_package_is_there_with_its_licence(package: Path, tmp_path: Path) -> None:
    """What esbuild puts into the launcher, as a bundle says that keeps its comments, is in the notices with a text."""
    with zipfile.ZipFile(package) as content:
        notices = content.read(f"{TASK}/ThirdPartyNotices.txt").decode()
    plain = {"entryPoints": [str(LAUNCHER)], "outfile": str(tmp_path / "plain.js"), "bundle": True, "platform": "node"}
    node("--eval", f"require('esbuild').buildSync({json.dumps(plain)})")
    made = (tmp_path / "plain.js").read_text(encoding="utf-8")
    bundled = set(re.findall(r"^// \S*\bnode_modules/((?:@[^/\n]+/)?[^/\n]+)/", made, re.MULTILINE))

    assert "azure-pipelines-task-lib" in bundled
    titled = re.findall(r"^(\S+) \d+\.\d+\.\d+ \(.+\)\n-+\n\n(?=\S)", notices, re.MULTILINE)
    assert sorted(bundled) == sorted(titled)


def test_nothing_of_the_machine_that_built_it_is_inside(package: Path) -> None:
    with zipfile.ZipFile(package) as content:
        telling = [name for name in content.namelist() if str(ROOT).encode() in content.read(name)]

    assert telling == []


def test_the_wheel_is_the_source(package: Path) -> None:
    """Every file of src/, templates and schemas among them, and none that is no longer there."""
    packed = _payload(package)["files"]

    sources = [
        file for file in (ROOT / "src" / "amltasks").rglob("*") if file.is_file() and "__pycache__" not in file.parts
    ]
    texts = {file.relative_to(ROOT / "src").as_posix(): file.read_text(encoding="utf-8") for file in sources}
    assert {path for path in packed if path.startswith("amltasks/")} == texts.keys()
    assert {path for path, text in texts.items() if path.endswith(".py") and packed[path] != stripped(text)} == set()
    assert {path for path, text in texts.items() if not path.endswith(".py") and packed[path] != text} == set()


def test_the_locks_are_packed_as_they_are(package: Path) -> None:
    for name, text in _payload(package)["locks"].items():
        assert text == (ROOT / "requirements" / name).read_text(encoding="utf-8")


def test_packing_anew_gives_the_same_bytes(package: Path, tmp_path: Path) -> None:
    """Other times and another order of the entries make no difference."""
    shuffled = tmp_path / "shuffled.vsix"
    with zipfile.ZipFile(package) as content, zipfile.ZipFile(shuffled, "w") as other:
        for name in reversed(content.namelist()):
            other.writestr(zipfile.ZipInfo(name, date_time=(2030, 5, 6, 7, 8, 10)), content.read(name))

    make_reproducible(shuffled)

    assert shuffled.read_bytes() == package.read_bytes()


def _payload(package: Path) -> payload.Payload:
    with zipfile.ZipFile(package) as content:
        return payload.unpack(content.read(f"{TASK}/{payload.NAME}"))


def _add(name: str, content: bytes = b"x") -> Change:
    return lambda files: files.update({name: content})


def _drop(name: str) -> Change:
    return lambda files: files.__delitem__(name)


def _replace(name: str, old: bytes, new: bytes) -> Change:
    return lambda files: files.update({name: files[name].replace(old, new)})


def _repack(part: str, changed: object) -> Change:
    """A payload that is as it should be but for one part; a small one, for the sake of its compression."""
    locks = {f"{name}.lock": "q==1 --hash=sha256:0" for name in ("runner", "azureml", "azureml-v1")}
    whole = {"wheel": f"amltasks-{version()}-py3-none-any.whl", "files": {"amltasks/__init__.py": ""}, "locks": locks}
    content = cast(payload.Payload, {**whole, part: changed})
    return lambda files: files.update({f"{TASK}/{payload.NAME}": payload.pack(content)})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_add(f"{TASK}/__pycache__/main.cpython-311.pyc"), "does not belong"),
        (_add(f"{TASK}/node_modules/q/q.js"), "does not belong"),
        (_add(f"{TASK}/tests/test_main.py"), "does not belong"),
        (_add("tasks/_launcher/src/main.ts"), "does not belong"),
        (_add(f"{TASK}/{payload.NAME}"), "packages.json.br cannot be decompressed"),
        (_repack("wheel", "amltasks-0.9.0-py3-none-any.whl"), "the wheel is amltasks-0.9.0-py3-none-any.whl, not "),
        (_repack("locks", {}), "the locks are []"),
        (_repack("locks", {"runner.lock": "q==1"}), "runner.lock holds no hashes"),
        (_repack("files", {"q.pyc": ""}), "q.pyc does not belong into amltasks-"),
        (_repack("files", {}), "holds no package amltasks"),
        (_drop(f"{TASK}/launcher.js"), "launcher.js is missing"),
        (_drop(f"{TASK}/ThirdPartyNotices.txt"), "ThirdPartyNotices.txt is missing"),
        (_drop("extension/overview.md"), "no Microsoft.VisualStudio.Services.Content.Details"),
        (_replace(f"{TASK}/task.json", b'"Minor": 0', b'"Minor": 7'), "task.json does not carry version"),
        (_replace(f"{TASK}/task.json", b"launcher.js", b"other.js"), "the target of Node24, other.js, is missing"),
        (_drop(f"{TASK}/{payload.NAME}"), "packages.json.br is missing"),
        (_replace(f"{TASK}/icon.png", b"\x00\x00\x00\x20", b"\x00\x00\x00\x30"), "icon.png is not a PNG of 32×32"),
        (_replace("extension.vsomanifest", TASK.encode(), b"tasks/Other"), "contributed are"),
    ],
)
def test_the_check_names_what_is_wrong(package: Path, tmp_path: Path, change: Change, problem: str) -> None:
    changed = tmp_path / "changed.vsix"
    with zipfile.ZipFile(package) as content:
        files = {name: content.read(name) for name in content.namelist()}
    change(files)
    with zipfile.ZipFile(changed, "w") as content:
        for name, data in files.items():
            content.writestr(name, data)

    assert any(problem in found for found in problems(changed, version()))


def test_the_check_sees_a_package_that_is_too_large(package: Path, tmp_path: Path) -> None:
    large = Path(shutil.copy(package, tmp_path))
    with zipfile.ZipFile(large, "a") as content:
        content.writestr("extension/images/large.png", b"x" * LARGEST, zipfile.ZIP_STORED)

    assert any(f"more than {LARGEST:,}" in found for found in problems(large, version()))
