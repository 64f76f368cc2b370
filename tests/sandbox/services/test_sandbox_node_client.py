"""Microsoft's Node client finds its way: other look-ups and another dialect than the Python SDK."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox.devops.build.documents import Build
from sandbox.server import Server
from sandbox.world import World

ROOT = Path(__file__).parents[3]

PROGRAM = """
const { WebApi, getBearerHandler } = require("azure-devops-node-api");
(async () => {
  const [url, token] = process.argv.slice(1);
  const api = new WebApi(url, getBearerHandler(token));
  const tests = await api.getTestApi();
  const run = await tests.createTestRun({ name: "node", automated: true, state: "InProgress" }, "demo");
  const result = { testCaseTitle: "a", automatedTestName: "a", outcome: "Passed", state: "Completed" };
  const results = await tests.addTestResultsToTestRun([result], "demo", run.id);
  const ended = await tests.updateTestRun({ state: "Completed" }, "demo", run.id);
  const builds = await (await api.getBuildApi()).getBuilds("demo");
  console.log(JSON.stringify([ended.state, results[0].id, builds[0].buildNumber]));
})().catch((error) => { console.error(error); process.exit(1); });
"""


@pytest.mark.skipif(
    shutil.which("node") is None or not (ROOT / "node_modules" / "azure-devops-node-api").is_dir(),
    reason="Node or azure-devops-node-api is not installed",
)
def test_the_node_client_publishes_a_run(world: World, server: Server, build: Build) -> None:
    command = ["node", "-e", PROGRAM, server.collection_url, world.tokens.issue("me")]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == ["Completed", 100000, build.number]
    assert {each.api_version for each in world.journal.exchanges if each.method == "POST"} <= {
        "7.2-preview.3",
        "7.2-preview.6",
    }
