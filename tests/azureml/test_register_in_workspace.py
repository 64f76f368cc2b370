"""RegisterModel in a workspace: what is better comes in with its lineage, what a job has left belongs to the job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azureml.cloud import GROUP, WORKSPACE, Azure, open_azure
from tests.azureml.registering import checks, register, repository
from tests.azureml.steps import Ended
from tests.azureml.steps import repository as notebooks

pytestmark = pytest.mark.xdist_group("azureml-register-model")

TRAIN = """
import os, pathlib
from IPython.display import display
(pathlib.Path(os.environ["AMLTASKS_OUTPUTS"]) / "model.bin").write_text("trained")
scrap = {"name": "accuracy", "data": 0.75, "encoder": "json", "version": 1}
display({"application/scrapbook.scrap.json+json": scrap}, raw=True)
"""


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory, azureml_python: Path) -> Iterator[Azure]:
    with open_azure(tmp_path_factory.mktemp("azure"), azureml_python) as opened:
        yield opened


@pytest.mark.long
def test_a_better_model_is_registered_and_a_worse_one_is_not(azure: Azure, tmp_path: Path) -> None:
    """2.17, 3.10, 3.13, 3.14."""
    repo = tmp_path / "repo"
    inputs = {"metricsFile": "metrics.json", "tags": "area: diabetes", "description": "d"}
    first = register(azure, repository(repo, 0.8), tmp_path / "1", "1", **inputs)
    worse = register(azure, repository(repo, 0.7), tmp_path / "2", "2", **inputs)

    assert (first.code, worse.code) == (0, 0)
    assert [step.variable("Registered") for step in (first, worse)] == ["true", "false"]
    assert [step.variable("Verdict") for step in (first, worse)] == ["first", "worse"]
    assert first.variable("ModelId") == "diabetes:1"
    assert checks(worse)["accuracy"] == "unknown"
    assert "accuracy 0.7 is worse than the champion's 0.8 (higher is better)." in worse.log
    metadata = json.loads(Path(first.variable("MetadataFile")).read_text())
    assert metadata["tags"]["area"] == "diabetes"
    assert metadata["tags"]["amltasks.build"] == "1"
    assert metadata["platform"] == "azureml"


@pytest.mark.long
def test_what_a_job_has_left_is_registered_from_its_results_and_belongs_to_it(azure: Azure, tmp_path: Path) -> None:
    repo = notebooks(tmp_path / "repo", {"train": [TRAIN]})
    trained = Ended(
        azure.start(azure.job(repo, {"outputFolder": str(tmp_path / "out")})), tmp_path / "out/results.json"
    )
    assert trained.code == 0, trained.log
    inputs = {
        "modelName": "trained",
        "path": "outputs/model.bin",
        "results": trained.variable("ResultsFile"),
    }

    registered = register(azure, repo, tmp_path / "registered", **inputs)

    assert registered.code == 0, registered.log
    metadata = json.loads(Path(registered.variable("MetadataFile")).read_text())
    assert (metadata["run"], metadata["metrics"]) == (trained.variable("Jobs"), {"accuracy": 0.75})
    assert metadata["tags"]["amltasks.notebook"] == "nb/train.ipynb"


@pytest.mark.long
def test_a_laptop_traces_the_models_of_a_build(azure: Azure, tmp_path: Path) -> None:
    inputs = {"modelName": "traced", "metricsFile": "metrics.json", "data": "metrics: metrics.json"}
    register(azure, repository(tmp_path / "repo", 0.8), tmp_path / "out", "31", **inputs)
    application, secret = azure.principal()
    place = ["--platform", "azureml", "--subscription", azure.subscription, "--resource-group", GROUP]
    asked = ["trace", "--build", "n.31", "--json", *place, "--workspace", WORKSPACE]

    done = azure.run(
        "-m",
        "amltasks",
        *asked,
        AZURE_TENANT_ID=azure.tenant,
        AZURE_CLIENT_ID=application.client_id,
        AZURE_CLIENT_SECRET=secret,
    )

    assert done.returncode == 0, done.stderr
    (trace,) = json.loads(done.stdout)
    assert (trace["model"], trace["metrics"]) == ("traced:1", {"accuracy": 0.8})
    assert trace["chain"]["Build id"] == "31"
    assert trace["chain"]["Data"].startswith('{"metrics": "metrics.json@sha256:')
    assert trace["links"]["Page of the build"] == "https://dev.azure.com/org/project/_build/results?buildId=31"
