"""Real and hostile notebooks as jobs of a cluster, and what is expected of each: what it does on the agent."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.azureml.cloud import Azure
from tests.azureml.steps import Ended
from tests.notebooks.corpus import differences, samples
from tests.notebooks.running import SHARED, notebook_python
from tests.notebooks.test_hostile import ABUSED, ABUSES

HOSTILE = SHARED / "hostile"
HANG_SECONDS, CELL_SECONDS = 5, 1200


def differing(azure: Azure, folder: Path, **inputs: str) -> dict[str, list[str]]:
    """Notebooks that do not what is expected of them, and what they do, once all have run in one step."""
    repository = folder / "repo"
    expected = {**corpus(repository), **hostile(repository)}
    packages = subprocess.run(
        [notebook_python(), "-I", "-m", "pip", "freeze"], capture_output=True, text=True, check=True
    )
    conda = {"dependencies": ["python=3.11", "pip", {"pip": packages.stdout.split()}]}
    (repository / "conda.yml").write_text(yaml.safe_dump(conda))
    given = {"environment": "conda.yml", "outputFolder": str(folder / "out"), "maxParallel": "8", **inputs}

    ended = Ended(azure.start(azure.job(repository, given)), folder / "out" / "results.json", seconds=7200)

    got = {result["notebook"]: seen(result) for result in ended.report["results"]}
    assert set(got) == set(expected)
    return {name: messages(ended, name) for name in expected if differences(expected[name], got[name])}


def corpus(repository: Path) -> dict[str, dict[str, Any]]:
    """What is expected of each of its notebooks, by the path in the repository."""
    expected = {}
    for sample in samples():
        path = sample.path.relative_to(SHARED)
        if not (repository / path.parts[0]).exists():
            shutil.copytree(SHARED / path.parts[0], repository / path.parts[0])
            for copy in (repository / path.parts[0], *(repository / path.parts[0]).rglob("*")):
                copy.chmod(copy.stat().st_mode | 0o700)
        seconds = HANG_SECONDS if sample.expect["outcome"] == "timedOut" else CELL_SECONDS
        settings = {"cellTimeout": seconds, "files": ["/".join([".."] * (len(path.parts) - 2)) or "."]}
        describe(repository / path, settings)
        expected[path.as_posix()] = sample.expect
        if sample.expect.get("error") == "URLError":  # what an unknown host is to the sandbox's proxy
            expected[path.as_posix()] = {**sample.expect, "error": "HTTPError"}
    return expected


def hostile(repository: Path) -> dict[str, dict[str, Any]]:
    (repository / "hostile").mkdir()
    expected: dict[str, dict[str, Any]] = {}
    for name in ("h1_markup_injection", "h3_flood", "h5_secrets", "h6_files"):
        shutil.copy(HOSTILE / f"{name}.ipynb", repository / "hostile")
        expected[f"hostile/{name}.ipynb"] = {"outcome": "passed"}
    for abuse in ABUSES:
        copy = repository / "hostile" / f"{abuse.case}.ipynb"
        shutil.copy(HOSTILE / "h4_kernel_abuse.ipynb", copy)
        seconds = HANG_SECONDS if abuse.outcome == "timedOut" else CELL_SECONDS
        parameters = {"case": abuse.case, "linger": 120, "mem_gib": 1}
        describe(copy, {"cellTimeout": seconds, "parameters": parameters})
        expected[f"hostile/{abuse.case}.ipynb"] = {
            "outcome": abuse.outcome,
            "cell": None if abuse.passes else ABUSED,
            "error": abuse.error,
        }
    return expected


def describe(notebook: Path, settings: dict[str, Any]) -> None:
    """By a file beside it."""
    notebook.with_name(f"{notebook.stem}.run.yml").write_text(yaml.safe_dump(settings))


def seen(result: dict[str, Any]) -> dict[str, Any]:
    """In the terms of the corpus' MANIFEST."""
    decisive = ("failed", "timedOut", "kernelDied")
    cell: dict[str, Any] = next((each for each in result["cells"] if each["outcome"] in decisive), {})
    return {
        "outcome": result["outcome"],
        "cell": cell.get("index"),
        "error": (cell.get("error") or {}).get("name"),
        "images": sum(artefact["kind"] == "images" for artefact in result["artefacts"]),
    }


def messages(ended: Ended, name: str) -> list[str]:
    (result,) = (each for each in ended.report["results"] if each["notebook"] == name)
    return [str(seen(result)), result["message"], *result["notes"]]
