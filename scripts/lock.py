"""Write requirements/*.lock anew from the requirement files: every version and hash, for every Python ≥ 3.10.

python3 scripts/lock.py [--upgrade]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take newer versions where the requirements allow them")
    arguments = parser.parse_args()
    for name, source in LOCKS.items():
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.10"]
        command += ["--generate-hashes", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
        command += ["--custom-compile-command", "python3 scripts/lock.py", source, "-o", f"requirements/{name}.lock"]
        if arguments.upgrade:
            command.append("--upgrade")
        environment = {key: value for key, value in os.environ.items() if key != "PIP_FIND_LINKS"}
        subprocess.run(command, cwd=ROOT, check=True, env=environment)
    return 0


if __name__ == "__main__":
    reexecute_in(dev_python())
    raise SystemExit(main())
