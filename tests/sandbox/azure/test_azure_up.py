"""`python -m sandbox up` gives a person's own shell all that it needs."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.azure.conftest import ROOT
from tests.sandbox.azure.sdk import Sdk

CODE = """
import os
from azure.ai.ml import MLClient
from azure.identity import DefaultAzureCredential
known = [os.environ[name] for name in
         ("AZURE_SUBSCRIPTION_ID", "AZUREML_ARM_RESOURCEGROUP", "AZUREML_ARM_WORKSPACE_NAME")]
result = MLClient(DefaultAzureCredential(), *known).workspaces.get(known[2]).name
"""


def up(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sandbox", "up", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def told(sandbox: subprocess.Popen[str], last: str) -> list[str]:
    """What it prints until the line that begins so."""
    lines = []
    assert sandbox.stdout
    for line in sandbox.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith(last):
            break
    return lines


def variables(lines: list[str]) -> dict[str, str]:
    return dict(shlex.split(line)[1].split("=", 1) for line in lines if line.startswith("export "))


@pytest.mark.skipif(os.name == "nt", reason="PowerShell's form is another one")
def test_the_sdk_works_with_what_it_prints(sdk: Sdk) -> None:
    with up() as sandbox:
        found = variables(told(sandbox, "export AZUREML_ARM_WORKSPACE_NAME"))
        name = sdk.run(CODE, found)
        sandbox.send_signal(signal.SIGINT)

    assert name == "demo"
    assert sandbox.returncode == 0
    assert not Path(found["REQUESTS_CA_BUNDLE"]).exists()


def test_a_kept_state_gives_the_same_principal_again_in_a_file_of_its_owner(tmp_path: Path) -> None:
    found = []
    for _ in range(2):
        with up("--state", str(tmp_path / "state.sqlite"), "--env", str(tmp_path / "env.sh")) as sandbox:
            assert told(sandbox, "Azure")[-1].endswith(str(tmp_path / "env.sh"))
            found.append(variables((tmp_path / "env.sh").read_text().splitlines()))
            sandbox.send_signal(signal.SIGTERM)
        assert sandbox.returncode == 0

    same = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_SUBSCRIPTION_ID")
    assert [found[0][name] for name in same] == [found[1][name] for name in same]
    assert (tmp_path / "env.sh").stat().st_mode & 0o077 == 0
