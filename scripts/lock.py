"""Write requirements/*.lock anew from the requirement files: every version and hash, for every Python ≥ 3.10.

python3 scripts/lock.py [--upgrade]

Those that are packed with the tasks have the hashes that agents need (scripts/agents.py) and no others.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from environment import ROOT, dev_python, reexecute_in

LOCKS = {
    "runner": "requirements.txt",
    "azureml": "requirements/azureml.txt",
    "azureml-v1": "requirements/azureml-v1.txt",
    "dev": "requirements/dev.txt",
    "notebooks": "requirements/notebooks.txt",
    "datasets": "requirements/datasets.txt",
    "bench": "requirements/bench.txt",
}
PACKED = ("runner", "azureml", "azureml-v1")
HASH = " \\\n    --hash=sha256:"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take newer versions where the requirements allow them")
    arguments = parser.parse_args()
    for name, source in LOCKS.items():
        lock = ROOT / "requirements" / f"{name}.lock"
        if name in PACKED and lock.is_file():
            # Hashes of versions that stay would be taken over, and those left out last time not be seen again.
            lock.write_text(_without_hashes(lock.read_text(encoding="utf-8")), encoding="utf-8")
        options = ["--generate-hashes", "--no-annotate", "--custom-compile-command", "python3 scripts/lock.py"]
        _compile(source, f"requirements/{name}.lock", [*options, *(["--upgrade"] if arguments.upgrade else [])])
        if name in PACKED:
            wanted = set(_hashes_on_agents(lock))
            text = _with_hashes(lock.read_text(encoding="utf-8"), wanted)
            lock.write_text(text, encoding="utf-8", newline="\n")
    return 0


def _compile(source: str, output: str, options: list[str]) -> None:
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.10"]
    command += ["--no-emit-index-url", "--no-emit-find-links", *options, source, "-o", output]
    environment = {key: value for key, value in os.environ.items() if key != "PIP_FIND_LINKS"}
    subprocess.run(command, cwd=ROOT, check=True, env=environment)


def _hashes_on_agents(lock: Path) -> Iterator[str]:
    """A lock of requirements does not say which file a hash belongs to; the standard's form of one does."""
    import tomli
    from agents import installed

    with tempfile.TemporaryDirectory() as folder:
        described = Path(folder) / "pylock.toml"
        _compile(str(lock), str(described), ["--no-deps", "--format", "pylock.toml"])
        packages = tomli.loads(described.read_text(encoding="utf-8"))["packages"]
    for package in packages:
        entries = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        hashes = {entry["url"].rsplit("/", 1)[-1]: entry["hashes"]["sha256"] for entry in entries}
        # What is for other Pythons alone stays as it is: every requirement must have a hash.
        yield from (hashes[file] for file in installed(hashes, package.get("marker", "")) or hashes)


def _without_hashes(text: str) -> str:
    return re.sub(rf"{re.escape(HASH)}\w+", "", text)


def _with_hashes(text: str, wanted: set[str]) -> str:
    return re.sub(rf"{re.escape(HASH)}(\w+)", lambda found: found[0] if found[1] in wanted else "", text)


if __name__ == "__main__":
    reexecute_in(dev_python())
    raise SystemExit(main())
