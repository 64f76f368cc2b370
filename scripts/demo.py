"""The main job from a clean clone: package the extension, run the example pipeline on the sandbox, show the results.

python3 scripts/demo.py [--example NAME] [--platform agent|azureml|azureml-v1] [--keep] [--json FILE] [--record FILE]

Exits 0 when every notebook of the example had the outcome that the example is written for, and every stage succeeded
that was to.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from endpoints import end_endpoints
from environment import BUILD, ROOT, dev_python, node_modules, reexecute_in

FOLDER = BUILD / "demo"
EXAMPLES = ROOT / "examples"
PLATFORMS = ("agent", "azureml", "azureml-v1")  # the latter on a cluster of two nodes of the sandbox's Azure
PIPELINES = {
    "notebooks": {
        "agent": EXAMPLES / "azure-pipelines.yml",
        "azureml": EXAMPLES / "azure-pipelines-azureml.yml",
        "azureml-v1": EXAMPLES / "azure-pipelines-azureml-v1.yml",
    },
    "train-register-deploy": dict.fromkeys(PLATFORMS, EXAMPLES / "train-register-deploy" / "azure-pipelines.yml"),
}
EXPECTED = {
    "notebooks": {
        "examples/notebooks/train.ipynb [weak]": "passed",
        "examples/notebooks/train.ipynb [medium]": "passed",
        "examples/notebooks/train.ipynb [strong]": "passed",
        "examples/notebooks/explore.ipynb": "passed",
        "examples/notebooks/data-quality.ipynb": "failed",
    },
    "train-register-deploy": {"examples/train-register-deploy/train.ipynb": "passed"},
}
STAGES = {"train-register-deploy": dict.fromkeys(("CI", "Train", "QA", "Prod"), "succeeded")}


def main() -> int:
    arguments = _arguments()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    extension = _package()
    run_file, log_file = FOLDER / "run.json", FOLDER / "agent.log"
    pipeline = PIPELINES[arguments.example][arguments.platform]
    command = [sys.executable, "-m", "sandbox", "run", str(pipeline), "--extension", str(extension)]
    command += ["--repository", str(ROOT), "--work", str(FOLDER / "work"), "--tools", str(BUILD / "demo-tools")]
    command += ["--state", str(FOLDER / "sandbox.sqlite"), "--json", str(run_file)]
    if arguments.platform != "agent":
        command.append("--azure")
    if arguments.example in STAGES:
        command += ["--parameter", f"platform={arguments.platform}"]
        command += ["--approval", "prod=ask" if arguments.keep else "prod=approve"]
    if arguments.record:
        command += ["--record", str(arguments.record.resolve())]
    if arguments.keep:
        command.append("--keep")
    print(
        f"Running {pipeline.relative_to(ROOT)} on the sandbox's agent (log: {log_file.relative_to(ROOT)}) …", flush=True
    )
    started = time.monotonic()
    # In a session of its own: Ctrl-C here is passed on once, and the run is cancelled in good order.
    with (
        log_file.open("wb") as log,
        subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True) as sandbox,
    ):
        try:
            while sandbox.poll() is None and not run_file.is_file():
                time.sleep(0.1)
            if not run_file.is_file():
                print(log_file.read_text(encoding="utf-8", errors="replace")[-5000:])
                print(f"The sandbox ended with exit code {sandbox.returncode} before the pipeline was over.")
                return 1
            run = json.loads(run_file.read_text(encoding="utf-8"))
            results = _results()
            _show(run, results, time.monotonic() - started)
            if arguments.json:
                arguments.json.write_text(json.dumps({"run": run, "results": results}, indent=1), encoding="utf-8")
            if arguments.keep:
                print(f"\nLook at it: {run['url']}   (Ctrl-C ends the sandbox)", flush=True)
                with contextlib.suppress(KeyboardInterrupt):
                    sandbox.wait()
                sandbox.send_signal(signal.SIGINT)
        except KeyboardInterrupt:
            sandbox.send_signal(signal.SIGINT)
            sandbox.wait()
            return 130
        finally:
            end_endpoints(FOLDER / "work")
    expected = {**EXPECTED[arguments.example], **STAGES.get(arguments.example, {})}
    got = {result["title"]: result["outcome"] for result in results}
    if arguments.example in STAGES:
        got |= {stage["ref_name"]: stage["result"] for stage in run["stages"]}
    for title in expected | got:
        if got.get(title) != expected.get(title):
            print(f"Not as the example is written for: {title} is {got.get(title)}, not {expected.get(title)}.")
    return got != expected


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--example", choices=PIPELINES, default="notebooks", help="what is run [notebooks]")
    parser.add_argument("--platform", choices=PLATFORMS, default="agent", help="where the notebooks run [agent]")
    parser.add_argument("--keep", action="store_true", help="leave the sandbox up, to look at its pages")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the run and its results there")
    parser.add_argument("--record", type=Path, metavar="FILE", help="record every exchange with Azure DevOps there")
    return parser.parse_args()


def _package() -> Path:
    print("Packaging the extension …", flush=True)
    subprocess.run([sys.executable, str(ROOT / "scripts" / "build.py")], cwd=ROOT, check=True)
    return max(BUILD.glob("*.vsix"), key=lambda file: file.stat().st_mtime)


def _results() -> list[dict[str, Any]]:
    """The results of all the example's notebooks, in the order in which they ran."""
    files = sorted((FOLDER / "work").rglob("notebooks/*/results.json"), key=lambda file: file.stat().st_mtime)
    reports = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    results = [result for report in reports for result in report["results"]]
    for result in results:
        result["title"] = " ".join([result["notebook"], *([f"[{name}]"] if (name := result["parameterSet"]) else [])])
    return results


def _show(run: dict[str, Any], results: list[dict[str, Any]], seconds: float) -> None:
    from rich.console import Console
    from rich.panel import Panel
    from rich.syntax import Syntax
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    table = Table(
        title=f"{run['build']['definition']} #{run['build']['number']}: {run['result']}", title_justify="left"
    )
    for heading in ("Notebook", "Outcome", "Cells", "Seconds", "Scraps"):
        table.add_column(heading, justify="right" if heading in ("Cells", "Seconds") else "left", overflow="fold")
    for result in results:
        passed = sum(cell["outcome"] == "passed" for cell in result["cells"])
        scraps = ", ".join(f"{name} {value}" for name, value in result["scraps"].items())
        colour = "green" if result["outcome"] == "passed" else "red"
        cells = f"{passed}/{len(result['cells'])}"
        table.add_row(
            Text(result["title"]), Text(result["outcome"], colour), cells, f"{result['duration']:.1f}", Text(scraps)
        )
    console.print(table)
    for result in results:
        cell = next((cell for cell in result["cells"] if cell["outcome"] == "failed"), None)
        if cell:
            console.print(Text(f"\n{result['title']}", "bold"))
            console.print(Panel(Syntax(cell["source"], "python"), title=Text(cell["title"]), title_align="left"))
            console.print(Text(result["message"], "red"))
    for stage in run["stages"] if len(run["stages"]) > 1 else ():
        console.print(Text(f"{stage['result'] or stage['state']:<10} {stage['name']}"))
    console.print(f"\n{len(results)} notebook runs in {seconds:.0f} s, everything included.")
    for result in results:
        for artefact in result["artefacts"]:
            if artefact["kind"] == "html":
                console.print(f"  {Path(artefact['path']).relative_to(ROOT)}", soft_wrap=True)
    python = Path(sys.executable).relative_to(ROOT) if Path(sys.executable).is_relative_to(ROOT) else sys.executable
    state = (FOLDER / "sandbox.sqlite").relative_to(ROOT)
    console.print(f"The pipeline's pages again: {python} -m sandbox serve --state {state}", soft_wrap=True)


if __name__ == "__main__":
    node_modules()
    reexecute_in(dev_python())
    raise SystemExit(main())
