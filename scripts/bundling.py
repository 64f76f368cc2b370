"""TypeScript to one file of JavaScript: types checked, bundled by esbuild, with the licences of all that is in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from environment import ROOT, node_modules


def bundle(project: Path, options: dict[str, Any]) -> str:
    """Checks the types of the project that a tsconfig.json lies in, bundles it; its packages' licences.

    options: esbuild's; entry points and outputs are absolute paths.
    """
    node(str(node_modules() / "typescript" / "bin" / "tsc"), "--project", str(project))
    options = {"bundle": True, "metafile": True, "legalComments": "inline", "logLevel": "warning", **options}
    metafile = json.loads(
        node("--print", f"JSON.stringify(require('esbuild').buildSync({json.dumps(options)}).metafile)")
    )
    packages = {ROOT / _package_of(module) for module in metafile["inputs"] if "node_modules/" in module}
    return "\n\n".join(_licence(package) for package in sorted(packages))


def node(*arguments: str) -> str:
    """What a program of Node prints; ends this one with it when it fails."""
    program = shutil.which("node")
    if program is None:
        raise SystemExit("node is not on PATH: install Node.js 20 or later.")
    return run([program, *arguments])


def run(command: list[str], environment: dict[str, str] | None = None) -> str:
    """Its output, both streams; ends the program with it when the command fails."""
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{done.stdout}\n{Path(command[0]).name} ended with exit code {done.returncode}: {command[1]}")
    return done.stdout


def _package_of(module: str) -> str:
    """`node_modules/q` for `node_modules/q/q.js`; also for scoped packages and nested ones."""
    before, _, after = module.rpartition("node_modules/")
    parts = after.split("/")
    return f"{before}node_modules/" + "/".join(parts[: 2 if after.startswith("@") else 1])


def _licence(package: Path) -> str:
    about = json.loads((package / "package.json").read_text(encoding="utf-8"))
    texts = sorted(file for file in package.iterdir() if file.name.upper().startswith(("LICENSE", "LICENCE")))
    if not texts:
        raise SystemExit(f"{package} has no licence text: what is bundled must bring one.")
    title = f"{about['name']} {about['version']} ({about['license']})"
    return f"{title}\n{'-' * len(title)}\n\n" + texts[0].read_text(encoding="utf-8").strip() + "\n"
