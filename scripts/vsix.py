"""The packed extension: what must be in it, what must not, and the same bytes from the same sources.

python3 scripts/vsix.py FILE     what is wrong with it, a line each; exit code 1 when anything is
"""

from __future__ import annotations

import json
import re
import struct
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import payload

LARGEST = 3_000_000
TASK_FILES = (
    r"task\.json|main\.py|(?:launcher|post)\.js|icon\.png|README\.md|LICENSE\.txt|ThirdPartyNotices\.txt"
    r"|packages\.json\.br|Strings/resources\.resjson/[\w-]+/resources\.resjson"
)
# tfx makes resources/ and *.vsomanifest of its own; [Content_Types].xml and *.vsixmanifest are the container's.
ALLOWED = re.compile(
    rf"tasks/\w+/({TASK_FILES})|extension/(overview\.md|LICENSE\.txt|images/\w+\.png|tab/(tab\.(html|js|css)|ThirdPartyNotices\.txt))"
    r"|\[Content_Types\]\.xml|extension\.vs[io]xmanifest|extension\.vsomanifest"
)
LOCKS = {"runner.lock", "azureml.lock", "azureml-v1.lock"}
WHEEL_FILES = re.compile(r"amltasks/.+(?<!\.pyc)|amltasks-[\d.]+\.dist-info/.+")
VSIX = "{http://schemas.microsoft.com/developer/vsx-schema/2011}"
EPOCH = (1980, 1, 1, 0, 0, 0)


def problems(path: Path, version: str) -> list[str]:
    """Everything that is wrong with a packed extension, a sentence each. version: what all of it must carry."""
    found = [
        f"{path.name} has {size:,} bytes, more than {LARGEST:,}" for size in [path.stat().st_size] if size > LARGEST
    ]
    with zipfile.ZipFile(path) as package:
        names = package.namelist()
        found += [f"{name} does not belong into the package" for name in names if not ALLOWED.fullmatch(name)]
        found += _manifest_problems(package, version)
        for folder in _task_folders(package):
            found += [f"{folder}: {problem}" for problem in _task_problems(package, folder, version)]
    return found


def make_reproducible(path: Path) -> None:
    """Pack anew with one time stamp and the entries in the order of their names, the container's own first."""
    with zipfile.ZipFile(path) as package:
        content = {name: package.read(name) for name in package.namelist() if not name.endswith("/")}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for name in sorted(content, key=lambda name: ("/" in name, name)):
            entry = zipfile.ZipInfo(name, date_time=EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            package.writestr(entry, content[name])


def _manifest_problems(package: zipfile.ZipFile, version: str) -> Iterator[str]:
    root = ElementTree.fromstring(package.read("extension.vsixmanifest"))
    identity = root.find(f"{VSIX}Metadata/{VSIX}Identity")
    if identity is None or identity.get("Version") != version:
        yield f"extension.vsixmanifest does not carry version {version}"
    description = root.findtext(f"{VSIX}Metadata/{VSIX}Description") or ""
    if not 0 < len(description) <= 200:
        yield f"the extension's description has {len(description)} characters: 1 to 200 are allowed"
    assets = {asset.get("Type"): str(asset.get("Path")) for asset in root.iterfind(f"{VSIX}Assets/{VSIX}Asset")}
    wanted = ("Icons.Default", "Content.Details", "Content.License")
    for kind in (f"Microsoft.VisualStudio.Services.{name}" for name in wanted):
        if assets.get(kind, "").lstrip("/") not in package.namelist():
            yield f"the extension has no {kind}"
    icon = assets.get("Microsoft.VisualStudio.Services.Icons.Default", "").lstrip("/")
    if icon in package.namelist() and _png_size(package.read(icon)) != (128, 128):
        yield f"{icon} is not a PNG of 128×128"
    contributed = {_task_of(contribution) for contribution in _contributions(package)} - {""}
    if contributed != set(_task_folders(package)):
        yield f"contributed are {sorted(contributed)}, packed {_task_folders(package)}"


def _task_problems(package: zipfile.ZipFile, folder: str, version: str) -> Iterator[str]:
    names = {name.removeprefix(f"{folder}/") for name in package.namelist() if name.startswith(f"{folder}/")}
    needed = {"task.json", "main.py", "launcher.js", "icon.png", "LICENSE.txt", "ThirdPartyNotices.txt", payload.NAME}
    for name in sorted(needed - names):
        yield f"{name} is missing"
    if "task.json" in names:
        task = json.loads(package.read(f"{folder}/task.json"))
        if ".".join(str(task["version"][part]) for part in ("Major", "Minor", "Patch")) != version:
            yield f"task.json does not carry version {version}"
        for handler, execution in (*task["execution"].items(), *task.get("postjobexecution", {}).items()):
            if execution["target"] not in names:
                yield f"the target of {handler}, {execution['target']}, is missing"
    if "icon.png" in names and _png_size(package.read(f"{folder}/icon.png")) != (32, 32):
        yield "icon.png is not a PNG of 32×32"
    if payload.NAME in names:
        yield from _payload_problems(package.read(f"{folder}/{payload.NAME}"), version)


@cache  # all tasks have the same
def _payload_problems(packed: bytes, version: str) -> list[str]:
    try:
        content = payload.unpack(packed)
    except ValueError as error:
        return [str(error)]
    wheel = f"amltasks-{version}-py3-none-any.whl"
    found = [] if content["wheel"] == wheel else [f"the wheel is {content['wheel']}, not {wheel}"]
    if content["locks"].keys() != LOCKS:
        found.append(f"the locks are {sorted(content['locks'])}")
    found += [f"{lock} holds no hashes" for lock, text in content["locks"].items() if "--hash=sha256:" not in text]
    found += [f"{name} does not belong into {wheel}" for name in content["files"] if not WHEEL_FILES.fullmatch(name)]
    return found if "amltasks/__init__.py" in content["files"] else [*found, f"{wheel} holds no package amltasks"]


def _task_folders(package: zipfile.ZipFile) -> list[str]:
    return sorted({"/".join(name.split("/")[:2]) for name in package.namelist() if name.startswith("tasks/")})


def _contributions(package: zipfile.ZipFile) -> list[dict[str, Any]]:
    contributions: list[dict[str, Any]] = json.loads(package.read("extension.vsomanifest"))["contributions"]
    return contributions


def _task_of(contribution: dict[str, Any]) -> str:
    is_task = contribution["type"] == "ms.vss-distributed-task.task"
    return str(contribution["properties"]["name"]) if is_task else ""


def _png_size(image: bytes) -> tuple[int, ...]:
    """Width and height, as the header chunk says; empty for what is no PNG."""
    return struct.unpack(">II", image[16:24]) if image.startswith(b"\x89PNG\r\n\x1a\n") else ()


if __name__ == "__main__":
    from task_texts import version as own_version

    wrong = problems(Path(sys.argv[1]), own_version())
    print("\n".join(wrong))
    raise SystemExit(bool(wrong))
