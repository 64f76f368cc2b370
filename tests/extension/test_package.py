"""The VSIX, read back: what is in it, and that the check of its contents sees what should not be."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from task_texts import version
from vsix import LARGEST, make_reproducible, problems

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
        f"amltasks-{version()}-py3-none-any.whl",
        "azureml-v1.lock",
        "azureml.lock",
        "icon.png",
        "launcher.js",
        "main.py",
        "runner.lock",
        "task.json",
    ]


def test_every_bundled_package_is_there_with_its_licence(package: Path) -> None:
    """What esbuild has put into the launcher is in the notices, with a text of its own."""
    with zipfile.ZipFile(package) as content:
        launcher = content.read(f"{TASK}/launcher.js").decode()
        notices = content.read(f"{TASK}/ThirdPartyNotices.txt").decode()
    bundled = set(re.findall(r"^// node_modules/((?:@[^/\n]+/)?[^/\n]+)/", launcher, re.MULTILINE))

    assert "azure-pipelines-task-lib" in bundled
    titled = re.findall(r"^(\S+) \d+\.\d+\.\d+ \(.+\)\n-+\n\n(?=\S)", notices, re.MULTILINE)
    assert sorted(bundled) == sorted(titled)


def test_nothing_of_the_machine_that_built_it_is_inside(package: Path) -> None:
    with zipfile.ZipFile(package) as content:
        telling = [name for name in content.namelist() if str(ROOT).encode() in content.read(name)]

    assert telling == []


def test_the_wheel_is_the_source_as_it_is(package: Path, tmp_path: Path) -> None:
    """Every file of src/, templates and schemas among them, and none that is no longer there."""
    with zipfile.ZipFile(package) as content:
        wheel = content.extract(f"{TASK}/amltasks-{version()}-py3-none-any.whl", tmp_path)
    with zipfile.ZipFile(wheel) as content:
        packed = {name for name in content.namelist() if name.startswith("amltasks/")}

    sources = {file.relative_to(ROOT / "src") for file in (ROOT / "src" / "amltasks").rglob("*") if file.is_file()}
    assert packed == {file.as_posix() for file in sources if "__pycache__" not in file.parts}


def test_packing_anew_gives_the_same_bytes(package: Path, tmp_path: Path) -> None:
    """Other times and another order of the entries make no difference."""
    shuffled = tmp_path / "shuffled.vsix"
    with zipfile.ZipFile(package) as content, zipfile.ZipFile(shuffled, "w") as other:
        for name in reversed(content.namelist()):
            other.writestr(zipfile.ZipInfo(name, date_time=(2030, 5, 6, 7, 8, 10)), content.read(name))

    make_reproducible(shuffled)

    assert shuffled.read_bytes() == package.read_bytes()


def _add(name: str, content: bytes = b"x") -> Change:
    return lambda files: files.update({name: content})


def _drop(name: str) -> Change:
    return lambda files: files.__delitem__(name)


def _replace(name: str, old: bytes, new: bytes) -> Change:
    return lambda files: files.update({name: files[name].replace(old, new)})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_add(f"{TASK}/__pycache__/main.cpython-311.pyc"), "does not belong"),
        (_add(f"{TASK}/node_modules/q/q.js"), "does not belong"),
        (_add(f"{TASK}/tests/test_main.py"), "does not belong"),
        (_add("tasks/_launcher/src/main.ts"), "does not belong"),
        (_add(f"{TASK}/amltasks-0.9.0-py3-none-any.whl"), "and no other wheel"),
        (_drop(f"{TASK}/launcher.js"), "launcher.js is missing"),
        (_drop(f"{TASK}/ThirdPartyNotices.txt"), "ThirdPartyNotices.txt is missing"),
        (_drop("extension/overview.md"), "no Microsoft.VisualStudio.Services.Content.Details"),
        (_replace(f"{TASK}/task.json", b'"Minor": 0', b'"Minor": 7'), "task.json does not carry version"),
        (_replace(f"{TASK}/task.json", b"launcher.js", b"other.js"), "the target of Node24, other.js, is missing"),
        (_replace(f"{TASK}/runner.lock", b"--hash=", b"#"), "runner.lock holds no hashes"),
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
