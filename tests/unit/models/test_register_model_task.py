"""The task in its own process: what it tells the agent."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from amltasks.agent.job import Connection, Job, Task
from amltasks.agent.output import Output
from amltasks.commands.exit_codes import ExitCode
from amltasks.commands.register_model_task import carry_out
from amltasks.errors import UserError
from amltasks.redaction import Redactor
from amltasks.report.tab_records import TabChecks

SECRET = "s3cret-value-of-a-variable"

Run = Callable[..., tuple[ExitCode, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "repo").mkdir()
    (tmp_path / "temp").mkdir()
    (tmp_path / "repo" / "model.bin").write_text("weights")

    def run(accuracy: float = 0.8, *, build: str = "7", release: str = "", **inputs: str) -> tuple[ExitCode, str]:
        (tmp_path / "repo" / "metrics.json").write_text(json.dumps({"accuracy": accuracy}))
        given = {
            "modelName": "m", "path": "model.bin", "metrics": "[accuracy]", "metricsFile": "metrics.json",
            "localFolder": "kept", "publish": "none", **inputs,
        }  # fmt: skip
        job = Job(
            task=Task(name="RegisterModel", version="1"),
            inputs=given,
            variables={
                "Build.Repository.LocalPath": str(tmp_path / "repo"),
                "Build.ArtifactStagingDirectory": str(tmp_path / "staging"),
                "Agent.TempDirectory": str(tmp_path / "temp"),
                "Build.BuildId": build,
                "Release.ReleaseId": release,
            },
            secrets={"token": SECRET},
            connection=Connection(url="http://127.0.0.1:9/", token="job's token"),
        )
        log = io.StringIO()
        code = carry_out(job, Output(log, Redactor({})))
        return code, log.getvalue()

    return run


def variable(log: str, name: str) -> str:
    (value,) = re.findall(rf"variable={name};isoutput=true\](.*)", log)
    return str(value)


def test_what_was_registered_is_in_variables_and_an_artifact(run: Run) -> None:
    code, log = run()

    assert code is ExitCode.PASSED
    names = ("Registered", "Verdict", "ModelName", "ModelVersion", "ModelId")
    assert [variable(log, name) for name in names] == ["true", "first", "m", "1", "m:1"]
    artifact = "##vso[artifact.upload artifactname=model_metadata;containerfolder=model_metadata]"
    assert f"{artifact}{variable(log, 'MetadataFile')}\n" in log


def test_a_release_has_no_artifacts(run: Run) -> None:
    assert "artifact.upload" not in run(release="3")[1]


def test_a_release_does_not_cancel_the_build_that_it_releases(run: Run) -> None:
    run()

    code, log = run(0.5, build="8", release="3", whenNotBetter="cancel")

    assert code is ExitCode.CHECKS_FAILED
    assert variable(log, "Registered") == "false"
    assert "##vso[task.logissue type=error]whenNotBetter: there is no build that could be cancelled." in log


@pytest.mark.parametrize("name", ["description", "override", "tags", "properties", "data"])
def test_a_secret_is_not_said_of_a_model(run: Run, name: str) -> None:
    text = SECRET if name in ("description", "override") else f"a: {SECRET}"

    with pytest.raises(UserError, match=rf"^{name}(: a)?: holds a secret") as raised:
        run(**{name: text})

    assert SECRET not in str(raised.value)


def test_the_tab_is_told_why_a_model_was_not_registered(run: Run) -> None:
    run(0.8, publish="none")

    code, log = run(0.7, build="8", publish="tab", data="table: v3")

    (path,) = re.findall(r"##vso\[task\.addattachment type=amltasks\.notebooks;name=[^;\]]*\.checks\.json\](.*)", log)
    told = TabChecks.model_validate_json(Path(path).read_text())
    (metric,) = told.metrics
    assert code is ExitCode.PASSED
    assert told.verdict.startswith("The new m is not better than m:1 and is not registered: accuracy 0.7 is worse")
    assert (metric.name, metric.new, metric.champion, metric.verdict) == ("accuracy", 0.7, 0.8, "worse")
    assert metric.rule == "higher is better"
    assert (told.facts["Model"], told.facts["Compared with"]) == ("m, not registered", "m:1")
    assert [(link.kind, link.name) for link in told.chain] == [("Data", "table"), ("Model", "m, not registered")]
    assert told.context.task == "RegisterModel"
