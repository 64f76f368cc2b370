"""A sandbox for one test, and programs of the platform's environment that reach it as they would reach Azure."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.proxy import proxy_environment
from sandbox.server import Server
from sandbox.world import World
from tests.recordings import record

GROUP, WORKSPACE, CLUSTER, NODES = "sandbox", "tests", "cpu", 2
TASKS = Path(__file__).resolve().parents[2] / "tasks"
TASK = TASKS / "RunNotebookOnAML" / "main.py"


@dataclass(frozen=True)
class Azure:
    """python: the interpreter with the SDK. environment: of its programs. connections: of the task's steps."""

    world: World
    server: Server
    folder: Path
    python: Path
    environment: dict[str, str]
    connections: list[dict[str, Any]] = field(default_factory=list)

    @property
    def subscription(self) -> str:
        return self.world.azure.subscription.id

    @property
    def tenant(self) -> str:
        return self.world.azure.directory.home

    def run(self, *arguments: str, stdin: object = None, **variables: str) -> subprocess.CompletedProcess[str]:
        """A program of the platform's environment, to its end. stdin: sent as JSON."""
        return subprocess.run(
            [str(self.python), *arguments],
            input="" if stdin is None else json.dumps(stdin),
            env={**self.environment, **variables},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=200,
        )

    def principal(self, role: str = "Contributor") -> tuple[Any, str]:
        """A new application with that role on the subscription, and a secret of it."""
        application = self.world.azure.directory.register("builds")
        if role:
            self.world.azure.roles.assign(application.object_id, role, f"/subscriptions/{self.subscription}")
        return application, self.world.azure.directory.add_secret(application)

    def endpoint(self, application: Any, scheme: str = "ServicePrincipal", **parameters: str) -> dict[str, Any]:
        """A service connection whose scope is the workspace, as the launcher hands it over."""
        return {
            "id": "11111111-2222-3333-4444-555555555555",
            "url": "https://management.azure.com/",
            "scheme": scheme,
            "parameters": {"tenantid": self.tenant, "serviceprincipalid": application.client_id, **parameters},
            "data": {
                "environment": "AzureCloud",
                "scopeLevel": "AzureMLWorkspace",
                "subscriptionId": self.subscription,
                "resourceGroupName": GROUP,
                "mlWorkspaceName": WORKSPACE,
            },
        }

    def federated(self, *, trusted: bool = True) -> tuple[dict[str, Any], dict[str, str]]:
        """A federated connection, and where the job of a build gets assertions for it."""
        world = self.world
        application, _ = self.principal()
        endpoint = self.endpoint(application, "WorkloadIdentityFederation")
        endpoint["id"] = str(uuid.uuid4())
        world.identity_tokens.connect(endpoint["id"], name := f"azure-{endpoint['id']}")
        if trusted:
            issuer, subject = world.identity_tokens.issuer, world.identity_tokens.subject(name)
            world.azure.directory.federate(application, issuer, subject)
        build = world.builds.create("ci", source_branch="refs/heads/main", source_version="f" * 40, repository="demo")
        job = world.builds.record(build.id, type="Job", name="job", ref_name="job", parent=None, order=1)
        project = f"{self.server.collection_url}{world.project.id}/_apis/distributedtask/hubs/build"
        uri = f"{project}/plans/{build.plan_id}/jobs/{job.id}/oidctoken"
        return endpoint, {"request_uri": uri, "token": world.tokens.issue("Build", 3600)}

    def job(self, repository: Path, inputs: dict[str, str], **variables: str) -> dict[str, Any]:
        """What the launcher hands to the task for a step of a build; nothing is published but a file."""
        if not self.connections:
            application, secret = self.principal()
            self.connections.append(self.endpoint(application, serviceprincipalkey=secret))
        given = {
            "notebooks": "**/*.ipynb", "platform": "azureml", "azureSubscription": self.connections[0]["id"],
            "compute": CLUSTER, "publish": "junit", **inputs,
        }  # fmt: skip
        known = {
            "System.CollectionUri": "https://dev.azure.com/org/", "System.TeamProject": "project",
            "System.DefinitionId": "7", "Build.DefinitionName": "nightly", "Build.BuildId": "42",
            "Build.SourceBranch": "refs/heads/main", "System.StageName": "test", "System.PhaseName": "job",
            "System.TaskInstanceName": "run", "Build.Repository.LocalPath": str(repository),
            "Agent.TempDirectory": str(self.folder),
        }  # fmt: skip
        return {
            "task": {"name": "RunNotebookOnAML", "version": "1.0.0"},
            "inputs": given,
            "variables": {**known, **{name.replace("_", "."): value for name, value in variables.items()}},
            "secrets": {},
            "connection": None,
            "endpoints": {"azureSubscription": self.connections[0]} if given["azureSubscription"] else {},
        }

    def start(self, job: dict[str, Any]) -> subprocess.Popen[str]:
        """The task that the job is of, given it by its launcher."""
        with tempfile.TemporaryFile("w+") as given:
            json.dump(job, given)
            given.seek(0)
            return subprocess.Popen(
                [str(self.python), "-X", "utf8", str(TASKS / job["task"]["name"] / "main.py")],
                stdin=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment, cwd=self.folder,
                text=True,
            )  # fmt: skip

    def jobs(self) -> list[Any]:
        """All jobs of the workspace, the newest first, as the service keeps them."""
        workspace = self.world.azure.workspaces.find(GROUP, WORKSPACE)
        assert workspace
        return self.world.azure.jobs.all(workspace)

    def asked(self, method: str, path: str) -> int:
        """How many requests of that kind there were. path: a part of the address."""
        return sum(each.method == method and path in each.url for each in self.world.journal.exchanges)


@contextmanager
def open_azure(folder: Path, python: Path) -> Iterator[Azure]:
    world = record(World.open())
    workspace = world.azure.workspaces.create(WORKSPACE, GROUP)
    world.azure.computes.create(workspace, CLUSTER, NODES)
    try:
        with Server(world) as server:
            kept = ("PATH", "HOME", "LANG", "PIP_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE", "UV_INDEX_URL")
            environment = {name: os.environ[name] for name in kept if name in os.environ}
            environment |= proxy_environment(world, folder)
            yield Azure(world, server, folder, python, environment)
    finally:
        world.close()
