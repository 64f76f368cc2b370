"""`python -m sandbox run --azure`: a task of a pipeline signs in by a service connection without a secret."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.sandbox.agent.pipelines import NodeTask, pack
from tests.sandbox.azure.conftest import ROOT
from tests.sandbox.azure.sdk import Sdk
from tests.sandbox.services.checkout import Checkout

LIST = """
import os
from azure.ai.ml import MLClient
from azure.identity import AzurePipelinesCredential
told = os.environ
credential = AzurePipelinesCredential(tenant_id=told["TENANT"], client_id=told["CLIENT"],
    service_connection_id=told["CONNECTION"], system_access_token=told["TOKEN"])
client = MLClient(credential, told["SUBSCRIPTION"], told["GROUP"], told["WORKSPACE"])
print("computes:", [(each.name, each.max_instances) for each in client.compute.list()])
"""
TASK = NodeTask(
    "ListComputes",
    f"""
    const {{ spawnSync }} = require('node:child_process')
    const {{ env }} = process
    const id = env.INPUT_CONNECTION
    const found = spawnSync(env.INPUT_PYTHON, ['-c', {json.dumps(LIST)}], {{ encoding: 'utf8', env: {{ ...env,
      CONNECTION: id,
      TENANT: env['ENDPOINT_AUTH_PARAMETER_' + id + '_TENANTID'],
      CLIENT: env['ENDPOINT_AUTH_PARAMETER_' + id + '_SERVICEPRINCIPALID'],
      SUBSCRIPTION: env['ENDPOINT_DATA_' + id + '_SUBSCRIPTIONID'],
      GROUP: env['ENDPOINT_DATA_' + id + '_RESOURCEGROUPNAME'],
      WORKSPACE: env['ENDPOINT_DATA_' + id + '_MLWORKSPACENAME'],
      TOKEN: env.ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN }} }})
    console.log(found.stdout, found.stderr)
    process.exit(found.status)
    """,
    {
        "inputs": [
            {"name": "connection", "type": "connectedService:AzureRM", "label": "connection", "required": True},
            {"name": "python", "type": "string", "label": "python", "required": True},
        ]
    },
)
PIPELINE = """
steps:
  - checkout: none
  - task: ListComputes@1
    inputs: {{connection: azure, python: '{python}'}}
"""


def test_a_task_works_with_the_workspace_of_its_connection(sdk: Sdk, tmp_path: Path) -> None:
    pipeline = Checkout(tmp_path / "code").path / "azure-pipelines.yml"
    pipeline.write_text(PIPELINE.format(python=sdk.python))
    command = [sys.executable, "-m", "sandbox", "run", str(pipeline), "--azure", "--working-tree"]
    command += ["--extension", str(pack(tmp_path / "tests.vsix", TASK))]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "computes: [('cpu-cluster', 2)]" in done.stdout
