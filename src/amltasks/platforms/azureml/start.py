"""What a job calls, by the Python of its environment: `python .amltasks/start.py`. Standard library only.

Makes an interpreter for the runner beside that of the notebooks, and goes on in it as `inside`. The packages that the
runner needs are those of the environment where it has them, as one made of a conda file does: Azure ML builds it once
for all jobs. Otherwise they are installed, apart from the environment's.
"""

import importlib.metadata
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OLDEST = (3, 10)


def main() -> None:
    if sys.version_info < OLDEST:
        sys.exit(f"The environment's Python is {sys.version.split()[0]}; the runner needs 3.10 or newer.")
    folder = HERE / "python"
    requirements = (HERE / "requirements.txt").read_text("utf-8").split()
    has_all = all(is_met(text) for text in requirements)
    venv.create(folder, with_pip=not has_all, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not has_all:
        install(python)
    scheme = "venv" if "venv" in sysconfig.get_scheme_names() else sysconfig.get_default_scheme()
    packages = Path(sysconfig.get_path("purelib", scheme, {"base": str(folder), "platbase": str(folder)}))
    with zipfile.ZipFile(HERE / "runner.zip") as runner:
        runner.extractall(packages)
    if has_all:
        own = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
        (packages / "environment.pth").write_text("".join(f"{path}\n" for path in own), "utf-8")
    sys.stdout.flush()
    inside = [str(python), "-I", "-X", "utf8", "-m", "amltasks.platforms.azureml.inside", sys.executable, *sys.argv[1:]]
    if os.name == "nt":
        sys.exit(subprocess.call(inside))
    os.execv(python, inside)


def is_met(requirement: str) -> bool:
    """Whether this interpreter has it; without `packaging`, which says what versions mean, nothing is met."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return False
    name = re.split(r"[^A-Za-z0-9._-]", requirement)[0]
    try:
        return Requirement(requirement).specifier.contains(importlib.metadata.version(name), prereleases=True)
    except importlib.metadata.PackageNotFoundError:
        return False


def install(python: Path) -> None:
    say("The environment lacks what the runner needs: it is installed beside it, which takes a while.")
    pip = [str(python), "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command = [*pip, "-r", str(HERE / "requirements.txt")]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        say(done.stdout)
        sys.exit(
            "The runner's packages could not be installed in the job: let the node reach a package index, or use an "
            "environment that is made of a conda file, to which they are added."
        )


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
