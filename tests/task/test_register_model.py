"""RegisterModel in builds on an agent that keeps its workspace: the gate, its verdicts, and what later stages see."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amltasks.agent.job import Connection, Job, Task
from amltasks.commands.earlier_metadata import download_latest
from amltasks.models.metadata import read_metadata
from amltasks.platforms.local.registry import LocalRegistry
from tests.task.pipelines import Published, Site, script, task

pytestmark = pytest.mark.xdist_group("register model")

TRAIN = """
import json, os, pathlib
from IPython.display import display
folder = pathlib.Path(os.environ["AMLTASKS_OUTPUTS"])
(folder / "model.bin").write_bytes(b"weights 1")
scrap = {"name": "accuracy", "data": 0.8, "encoder": "json", "version": 1}
display({"application/scrapbook.scrap.json+json": scrap}, raw=True)
"""
DEPLOYED = "printenv VERSION"


def register(**inputs: Any) -> dict[str, Any]:
    given = {"modelName": "diabetes", "path": "outputs/model.bin", "metrics": "[accuracy]", **inputs}
    return {"task": "RegisterModel@1", "name": "model", "displayName": "register", "inputs": given}


def pipeline(*steps: dict[str, Any]) -> dict[str, Any]:
    """Two stages, of which the second one runs when a model was registered."""
    later = {"VERSION": "$[ stageDependencies.train.job.outputs['model.ModelId'] ]"}
    return {
        "stages": [
            {"stage": "train", "jobs": [{"job": "job", "steps": list(steps)}]},
            {
                "stage": "deploy",
                "condition": "and(succeeded(), eq(dependencies.train.outputs['job.model.Registered'], 'true'))",
                "jobs": [{"job": "job", "variables": later, "steps": [script(DEPLOYED)]}],
            },
        ]
    }


def with_metrics(site: Site, accuracy: float, **inputs: Any) -> Published:
    """A build that registers other files with another accuracy."""
    site.file("metrics.json", json.dumps({"accuracy": accuracy}))
    site.file("model.bin", f"weights of {accuracy}")
    step = register(path="model.bin", metricsFile="metrics.json", **inputs)
    return site.run(pipeline=pipeline(step))


class Builds:
    """first: trained here; then worse ones: left out, registered all the same, cancelled."""

    def __init__(self, site: Site) -> None:
        self.site = site
        site.notebook("train.ipynb", TRAIN)
        trained = register(
            results="$(nb.ResultsFile)", tags="stage: Production", data="diabetes: train.ipynb", description="d"
        )
        self.first = site.run(pipeline=pipeline(task("train.ipynb"), trained))
        self.worse = with_metrics(site, 0.7, champion="stage:production")
        self.overridden = with_metrics(site, 0.6, override="the old data were wrong")
        self.cancelled = with_metrics(site, 0.5, whenNotBetter="cancel")
        self.registry = LocalRegistry(site.folder / "agent" / "_work" / "1" / ".amltasks")


@pytest.fixture(scope="session")
def builds(new_site: Callable[[], Site]) -> Builds:
    return Builds(new_site())


def said(published: Published) -> list[str]:
    return [line for line in published.log("said") if line.startswith("diabetes:")]


def checks(published: Published) -> dict[str, tuple[str | None, str | None]]:
    """The test results: title → outcome, and what is told of it."""
    results = published.results().items()
    return {title: (each.outcome, each.error_message or each.comment) for title, each in results}


def test_what_a_notebook_has_trained_is_registered_with_its_lineage(builds: Builds) -> None:
    model = builds.registry.get("diabetes", "1")

    assert model is not None
    assert builds.first.result.result == "succeeded"
    assert said(builds.first) == ["diabetes:1"]
    assert (model.stage, model.description) == ("Production", "d")
    build = builds.first.build
    told = {name.removeprefix("amltasks."): value for name, value in model.tags.items()}
    assert told["build"] == str(build.id)
    assert told["buildNumber"] == build.number
    assert told["commit"] == build.source_version
    assert told["branch"] == "refs/heads/main"
    assert told["notebook"] == "train.ipynb"
    assert told["step"] == "model"
    assert told["verdict"] == "first"
    assert told["data"].startswith('{"diabetes": "train.ipynb@sha256:')
    assert model.run.endswith("results.json#train")


def test_its_metadata_are_an_artifact_of_the_build(builds: Builds) -> None:
    world, build = builds.first.world, builds.first.build

    content = json.loads(world.builds.artifact_file(build.id, "model_metadata", "model_metadata.json"))

    assert (content["model"], content["platform"], content["verdict"]) == ("diabetes:1", "agent", "first")
    assert content["metrics"] == {"accuracy": 0.8}
    assert [each.name for each in world.builds.artifacts(builds.worse.build.id)] == []


@pytest.mark.parametrize("branch", ["refs/heads/main", "refs/heads/score-only"])
def test_a_release_of_something_else_finds_the_last_model(builds: Builds, tmp_path: Path, branch: str) -> None:
    """4.15: though builds came after it that registered none."""
    server, world = builds.site.server, builds.site.world
    variables = {
        "System.CollectionUri": server.collection_url,
        "System.TeamProject": world.project.name,
        "System.DefinitionId": str(builds.first.build.definition_id),
        "Build.SourceBranch": branch,
    }
    connection = Connection(url=server.collection_url, token=world.tokens.issue("Build Service"))
    job = Job(task=Task(name="t", version="1"), inputs={}, variables=variables, secrets={}, connection=connection)

    assert download_latest(job, tmp_path) == builds.overridden.build.number
    assert read_metadata(tmp_path).model == "diabetes:2"


def test_a_worse_model_is_left_out_and_later_stages_do_not_run(builds: Builds) -> None:
    worse = builds.worse
    outcome, told = checks(worse)["accuracy"]

    assert worse.result.result == "succeeded"
    assert worse.verdicts["register"] in ("succeeded", "succeededWithIssues")
    assert "said" not in worse.verdicts
    assert outcome != "Passed"
    assert "worse: accuracy 0.7 is worse than the champion's 0.8 (higher is better)." in str(told)
    sentence = "The new diabetes is not better than diabetes:1 and is not registered: accuracy 0.7 is worse than "
    assert any(sentence in line for line in worse.log("register"))
    assert sentence in b"".join(worse.tab("Distributedtask.Core.Summary").values()).decode().replace("\\", "")


def test_with_a_reason_it_is_registered_and_the_reason_is_kept(builds: Builds) -> None:
    model = builds.registry.get("diabetes", "2")

    assert model is not None
    assert said(builds.overridden) == ["diabetes:2"]
    assert model.tags["amltasks.override"] == "the old data were wrong"
    assert (model.tags["amltasks.verdict"], model.tags["amltasks.champion"]) == ("overridden", "diabetes:1")
    assert {outcome for outcome, _ in checks(builds.overridden).values()} == {"Passed"}
    assert "the old data were wrong" in "\n".join(builds.overridden.log("register"))


def test_a_build_is_cancelled_only_after_the_comparison_was_published(builds: Builds) -> None:
    cancelled = builds.cancelled

    assert cancelled.result.result == "canceled"
    assert cancelled.verdicts["register"] == "canceled"
    assert "said" not in cancelled.verdicts
    assert checks(cancelled)["accuracy"][0] == "Failed"
    assert [each.version for each in builds.registry.versions("diabetes")] == ["2", "1"]
    assert any("accuracy 0.5 is worse than the champion's 0.6" in line for line in cancelled.errors("register"))
