"""docs/sandbox-azureml.md says what is there, and what it shows works."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from sandbox.azure.execution.clusters import Pace
from sandbox.azure.onlineendpoints.provisioning import Faults, Provisioning
from sandbox.shell import CLUSTER, WORKSPACE, shell_environment
from tests.sandbox.azure.conftest import ROOT, Cloud

PAGE = (ROOT / "docs" / "sandbox-azureml.md").read_text(encoding="utf-8")


def test_every_setting_of_the_pace_is_there() -> None:
    own = {field.name for field in dataclasses.fields(Pace)} - {"allocate", "log"}  # of no use to people

    assert [name for name in own if f"pace.{name}" not in PAGE] == []


def test_every_setting_of_what_is_provisioned_is_there() -> None:
    own = [field.name for kind in (Provisioning, Faults) for field in dataclasses.fields(kind)]

    assert [name for name in own if f".{name}" not in PAGE] == []


@pytest.mark.parametrize("number", range(PAGE.count("```python")))
def test_what_it_shows_runs(number: int) -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[number]

    exec(compile(code, "sandbox-azureml.md", "exec"), {})


def test_the_shells_first_job_runs(cloud: Cloud, tmp_path: Path) -> None:
    [program] = re.findall(r"<<END\n(.*?)\nEND\n", PAGE, re.DOTALL)
    variables = shell_environment(cloud.world, tmp_path)
    program = program.replace("client.jobs.stream(job.name)", "result = job.name")  # its output is the SDK's process'

    name = cloud.sdk.run(program, variables)

    workspace = cloud.world.azure.workspaces.find("sandbox", WORKSPACE)
    assert workspace is not None
    run = cloud.world.azure.runs.find(workspace, name)
    assert run is not None
    assert run.target == CLUSTER
