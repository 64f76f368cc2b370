"""All tests and checks: python3 scripts/test.py [--long] [pytest arguments]

Makes its own environments first. With Microsoft's OpenAPI documents at hand (../shared/specs) it also holds every
recorded exchange with Azure DevOps against them; those with Azure ML are held against the models of Microsoft's SDKs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from environment import (
    BUILD,
    ROOT,
    azureml_python,
    azureml_v1_python,
    dev_python,
    node_modules,
    notebooks_python,
    reexecute_in,
)

RECORDINGS = BUILD / "recordings"
# The tasks' own environments, one for each state of the sources: only the last ones are of use again.
TOOLS, KEPT_TOOLS = BUILD / "test-tools" / "amltasks", 2
CONTRACT = ROOT / "tests" / "sandbox" / "azureml" / "contract.py"
CONTRACT_V1 = ROOT / "tests" / "sandbox" / "azureml_v1" / "contract_v1.py"
CONFORMANCE = ROOT.parent / "shared" / "conformance" / "check_exchanges.py"


def main(arguments: list[str]) -> int:
    long = "--long" in arguments
    chosen = [argument for argument in arguments if argument != "--long"]
    partial = any(not argument.startswith("-") for argument in chosen)
    environment = {**os.environ, "AMLTASKS_RECORDINGS": str(RECORDINGS), "PYTHONHASHSEED": "0"}
    shutil.rmtree(RECORDINGS, ignore_errors=True)
    RECORDINGS.mkdir(parents=True)
    for old in sorted(TOOLS.glob("*"), key=lambda folder: folder.stat().st_mtime, reverse=True)[KEPT_TOOLS:]:
        shutil.rmtree(old)
    if not partial:  # what is made while a test waits for it counts as that test's time
        azureml_python()
        azureml_v1_python()
    steps = [] if partial else [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]]
    # Two more than cores: of the time that tests take by themselves they compute less than half.
    workers = (os.cpu_count() or 1) + 2
    extent = ["--hypothesis-profile", "searching"] if long else ["-m", "not long"]
    steps.append(["pytest", "-n", str(workers), *extent, *chosen])
    failed = [
        step[0] for step in steps if subprocess.run([sys.executable, "-m", *step], cwd=ROOT, env=environment).returncode
    ]
    kept_apart = (".unpublished", ".azure")  # by the journal: of these operations the documents say nothing
    recorded = [path for path in sorted(RECORDINGS.glob("*.jsonl")) if not path.stem.endswith(kept_apart)]
    recordings = [str(path) for path in recorded if path.stat().st_size]
    if CONFORMANCE.is_file() and recordings:
        print(f"Recorded exchanges against the published documents: {len(recordings)} recordings", flush=True)
        if subprocess.run([sys.executable, str(CONFORMANCE), *recordings], cwd=ROOT).returncode:
            failed.append("conformance")
        subprocess.run([sys.executable, "-m", "tests.recordings", *recordings], cwd=ROOT)
    azure = [str(path) for path in sorted(RECORDINGS.glob("*.azure.jsonl"))]
    if azure and not partial:
        print(f"Recorded exchanges with Azure ML against the models of its SDKs: {len(azure)} recordings", flush=True)
        for python, contract in ((azureml_python(), CONTRACT), (azureml_v1_python(), CONTRACT_V1)):
            if subprocess.run([str(python), str(contract), *azure], cwd=ROOT).returncode:
                failed.append(contract.stem)
    if failed:
        print("Failed: " + ", ".join(failed))
    return bool(failed)


if __name__ == "__main__":
    notebooks_python()
    node_modules()
    reexecute_in(dev_python())
    raise SystemExit(main(sys.argv[1:]))
