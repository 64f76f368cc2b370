"""Pack the extension: python3 scripts/build.py [--stage release|test|dev] [--anew | --tab]

    build/tasks/<Name>/       the task's folder, the launcher, what its environment is made of, and the licences
    build/extension/tab/      the Notebooks tab, bundled
    build/azure-ml-tasks.vsix the same, packed by tfx-cli; its name carries the stage unless that is release

Nothing is done when nothing has changed since. The contents are checked; a warning of tfx-cli is an error here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import payload
from bundling import bundle, node, run
from environment import BUILD, ROOT, dev_python, node_modules
from stripping import stripped
from tab import build_tab
from task_texts import task_folders, version, write_generated_files
from vsix import make_reproducible, problems

LAUNCHER = ROOT / "tasks" / "_launcher" / "src" / "main.ts"
LOCKS = tuple(ROOT / "requirements" / f"{name}.lock" for name in ("runner", "azureml", "azureml-v1"))
SOURCES = ("src", "tasks", "extension", "configs")
SOURCE_FILES = (
    "LICENSE", "README.md", "package-lock.json", "pyproject.toml", "requirements.txt", "requirements/azureml.lock",
    "requirements/azureml-v1.lock", "requirements/runner.lock",
    "scripts/build.py", "scripts/bundling.py", "scripts/payload.py", "scripts/stripping.py", "scripts/tab.py",
    "scripts/task_texts.py", "scripts/vsix.py",
    "tsconfig.json", "vss-extension.json",
)  # fmt: skip
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")
# tfx-cli would guess these by the program `file`, differently on every machine.
CONTENT_TYPES = {
    ".br": "application/octet-stream",
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".py": "text/x-python",
    ".resjson": "application/json",
    ".txt": "text/plain",
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Pack the extension.")
    parser.add_argument(
        "--stage", choices=sorted(file.stem for file in (ROOT / "configs").glob("*.json")), default="release"
    )
    parser.add_argument("--anew", action="store_true", help="also when nothing has changed")
    parser.add_argument("--tab", action="store_true", help="only the Notebooks tab, to build/extension/tab")
    options = parser.parse_args(arguments)
    if options.tab:
        build_tab(BUILD / "extension" / "tab")
        return 0
    print(build(options.stage, anew=options.anew))
    return 0


def build(stage: str = "release", *, anew: bool = False) -> Path:
    """The packed extension, made now or earlier of the same sources."""
    packed = BUILD / ("azure-ml-tasks.vsix" if stage == "release" else f"azure-ml-tasks-{stage}.vsix")
    stamp = packed.with_suffix(".stamp")
    write_generated_files()
    wanted = _digest_of_sources()
    if anew or not (packed.is_file() and stamp.is_file() and stamp.read_text() == wanted):
        stamp.unlink(missing_ok=True)
        assemble()
        _pack(packed, stage)
        make_reproducible(packed)
        wrong = problems(packed, version())
        if wrong:
            raise SystemExit(f"{packed} is not as it should be:\n" + "\n".join(wrong))
        stamp.write_text(wanted)
    return packed


def assemble() -> None:
    """Make build/tasks and build/extension: all that goes into the package."""
    launcher = BUILD / "launcher" / "launcher.js"
    notices = _bundle_launcher(launcher)
    packages = payload.pack(payload.of_wheel(_build_wheel(), LOCKS))
    shutil.rmtree(BUILD / "tasks", ignore_errors=True)
    for folder in task_folders():
        target = BUILD / "tasks" / folder.name
        shutil.copytree(folder, target, ignore=IGNORED)
        shutil.copy(launcher, target / launcher.name)
        (target / payload.NAME).write_bytes(packages)
        shutil.copy(ROOT / "LICENSE", target / "LICENSE.txt")
        (target / "ThirdPartyNotices.txt").write_text(notices, encoding="utf-8", newline="\n")
    shutil.rmtree(BUILD / "extension", ignore_errors=True)
    shutil.copytree(ROOT / "extension", BUILD / "extension", ignore=shutil.ignore_patterns("*.svg", "tab"))
    build_tab(BUILD / "extension" / "tab")
    shutil.copy(ROOT / "LICENSE", BUILD / "extension" / "LICENSE.txt")


def _bundle_launcher(launcher: Path) -> str:
    """One file of the launcher; answers with the licences of all that is in it."""
    options = {
        "entryPoints": [str(LAUNCHER)], "outfile": str(launcher), "platform": "node", "target": "node20",
        # Functions keep their names, for stack traces.
        "format": "cjs", "minify": True, "keepNames": True, "legalComments": "none",
    }  # fmt: skip
    return "launcher.js contains the following packages.\n\n" + bundle(ROOT, options)


def _build_wheel() -> Path:
    """Our wheel, of a copy of the sources, which are stripped: setuptools would keep what is no longer in src/, too."""
    workshop = BUILD / "wheel"
    shutil.rmtree(workshop, ignore_errors=True)
    sources = workshop / "sources"
    shutil.copytree(ROOT / "src", sources / "src", ignore=IGNORED)
    for module in (sources / "src").rglob("*.py"):
        module.write_text(stripped(module.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    for name in ("LICENSE", "README.md", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, sources / name)
    pip_wheel = [str(dev_python()), "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    run(
        [*pip_wheel, "--wheel-dir", str(workshop), str(sources)],
        # The same bytes from the same sources: the agents' environments are kept by them.
        environment={"SOURCE_DATE_EPOCH": "315532800"},
    )
    return next(workshop.glob("*.whl"))


def _pack(packed: Path, stage: str) -> None:
    manifest = json.loads((ROOT / "vss-extension.json").read_text(encoding="utf-8"))
    (BUILD / "vss-extension.json").write_text(
        json.dumps({**manifest, "files": list(_declared_files(manifest))}, indent=2), encoding="utf-8"
    )
    packed.unlink(missing_ok=True)
    said = node(
        *(
            str(node_modules() / "tfx-cli" / "_build" / "tfx-cli.js"),
            "extension",
            "create",
            "--no-prompt",
            "--no-color",
        ),
        *("--root", str(BUILD), "--manifests", "vss-extension.json", "--output-path", str(packed)),
        *("--overrides-file", str(ROOT / "configs" / f"{stage}.json")),
    )
    warnings = [line for line in said.splitlines() if "warning" in line.lower()]
    if warnings:
        raise SystemExit("tfx-cli warns:\n" + "\n".join(warnings))


def _declared_files(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tasks' files and the page's pictures; icon, page and licence are declared where the manifest names them."""
    named = {*manifest["icons"].values(), *(content["path"] for content in manifest["content"].values())}
    for file in sorted(path for name in ("tasks", "extension") for path in (BUILD / name).rglob("*") if path.is_file()):
        path = file.relative_to(BUILD).as_posix()
        if path not in named:
            declared: dict[str, Any] = {"path": path, "addressable": path.startswith("extension/")}
            if file.suffix in CONTENT_TYPES:
                declared["contentType"] = CONTENT_TYPES[file.suffix]
            yield declared


def _digest_of_sources() -> str:
    files = [ROOT / name for name in SOURCE_FILES]
    for name in SOURCES:
        found = (file for file in (ROOT / name).rglob("*") if file.is_file())
        files += [file for file in found if not re.search(r"__pycache__|\.egg-info", file.as_posix())]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.relative_to(ROOT).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
