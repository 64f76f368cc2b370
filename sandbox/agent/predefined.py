"""The variables that a job has before the pipeline says anything: those of the agent, the build and the system."""

from __future__ import annotations

import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox.devops.build.documents import Build

AGENT_VERSION = "4.275.0"
AGENT_NAME = "Sandbox Agent"
_OS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows_NT"}
_ARCHITECTURES = {"x86_64": "X64", "amd64": "X64", "aarch64": "ARM64", "arm64": "ARM64"}


@dataclass(frozen=True)
class Directories:
    """The agent's folders for one job. home: of the agent; build: `_work/<n>`."""

    home: Path
    build: Path
    tools: Path

    @property
    def work(self) -> Path:
        return self.build.parent

    @property
    def temp(self) -> Path:
        return self.work / "_temp"

    @property
    def sources(self) -> Path:
        return self.build / "s"

    def prepare(self, clean: str) -> None:
        """Make the folders; empty those that start empty, and those that `workspace: clean:` names."""
        emptied = [self.temp, self.build / "a", self.build / "TestResults"]
        emptied += {"outputs": [self.build / "b"], "resources": [self.sources], "all": [self.build]}.get(clean, [])
        for folder in emptied:
            shutil.rmtree(folder, ignore_errors=True)
        for folder in (self.temp, self.tools, *(self.build / name for name in ("a", "b", "s", "TestResults"))):
            folder.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True)
class Identity:
    """Where a job stands in its run: ids are those of the timeline's records."""

    stage: str
    stage_id: str
    stage_display_name: str
    phase: str
    phase_id: str
    phase_display_name: str
    job: str
    job_id: str
    job_display_name: str

    @property
    def identifier(self) -> str:
        parts = (self.phase, self.job) if self.stage == "__default" else (self.stage, self.phase, self.job)
        return ".".join(parts)


def agent_variables(directories: Directories, identity: Identity) -> dict[str, str]:
    build = directories.build
    return {
        "Agent.Id": "1",
        "Agent.Name": AGENT_NAME,
        "Agent.MachineName": platform.node(),
        "Agent.Version": AGENT_VERSION,
        "Agent.OS": _OS.get(sys.platform, "Linux"),
        "Agent.OSArchitecture": _ARCHITECTURES.get(platform.machine().lower(), "X64"),
        "Agent.HomeDirectory": str(directories.home),
        "Agent.RootDirectory": str(directories.work),
        "Agent.WorkFolder": str(directories.work),
        "Agent.TempDirectory": str(directories.temp),
        "Agent.ToolsDirectory": str(directories.tools),
        "Agent.BuildDirectory": str(build),
        "Agent.JobName": identity.job_display_name,
        "Agent.JobStatus": "Succeeded",
        "Agent.CloudId": "",
        "Agent.IsSelfHosted": "1",
        "Build.SourcesDirectory": str(directories.sources),
        "Build.Repository.LocalPath": str(directories.sources),
        "Build.StagingDirectory": str(build / "a"),
        "Build.ArtifactStagingDirectory": str(build / "a"),
        "Build.BinariesDirectory": str(build / "b"),
        "Common.TestResultsDirectory": str(build / "TestResults"),
        "Pipeline.Workspace": str(build),
        "System.DefaultWorkingDirectory": str(directories.sources),
        "System.ArtifactsDirectory": str(build / "a"),
        "System.WorkFolder": str(directories.work),
        "GIT_TERMINAL_PROMPT": "0",
    }


def build_variables(build: Build, *, repository_id: str, repository_uri: str, message: str) -> dict[str, str]:
    branch = build.source_branch
    return {
        "Build.BuildId": str(build.id),
        "Build.BuildNumber": build.number,
        "Build.BuildUri": build.uri,
        "Build.ContainerId": str(build.id),
        "Build.DefinitionName": build.definition,
        "Build.DefinitionVersion": "1",
        "Build.Reason": build.reason[:1].upper() + build.reason[1:],
        "Build.QueuedBy": build.requested_for,
        "Build.RequestedFor": build.requested_for,
        "Build.RequestedForEmail": "user@sandbox.example",
        "Build.Repository.ID": repository_id,
        "Build.Repository.Name": build.repository,
        "Build.Repository.Provider": "TfsGit",
        "Build.Repository.Uri": repository_uri,
        "Build.Repository.Clean": "False",
        "Build.SourceBranch": branch,
        "Build.SourceBranchName": branch.rsplit("/", 1)[-1],
        "Build.SourceVersion": build.source_version,
        "Build.SourceVersionMessage": message,
    }


def system_variables(
    build: Build, identity: Identity, *, collection_url: str, project_id: str, project_name: str
) -> dict[str, str]:
    oidc = f"{collection_url}{project_id}/_apis/distributedtask/hubs/build/plans/{build.plan_id}/jobs/{identity.job_id}"
    return {
        "System": "build",
        "System.CollectionUri": collection_url,
        "System.TeamFoundationCollectionUri": collection_url,
        "System.TeamFoundationServerUri": collection_url,
        "System.TeamProject": project_name,
        "System.TeamProjectId": project_id,
        "System.HostType": "build",
        "System.ServerType": "Hosted",
        "System.Culture": "en-US",
        "System.DefinitionId": str(build.definition_id),
        "System.DefinitionName": build.definition,
        "System.PlanId": build.plan_id,
        "System.TimelineId": build.timeline_id,
        "System.JobId": identity.job_id,
        "System.JobName": identity.job,
        "System.JobDisplayName": identity.job_display_name,
        "System.JobIdentifier": identity.identifier,
        "System.JobAttempt": "1",
        "System.PhaseId": identity.phase_id,
        "System.PhaseName": identity.phase,
        "System.PhaseDisplayName": identity.phase_display_name,
        "System.PhaseAttempt": "1",
        "System.StageId": identity.stage_id,
        "System.StageName": identity.stage,
        "System.StageDisplayName": identity.stage_display_name,
        "System.StageAttempt": "1",
        "System.IsTriggeringRepository": "True",
        "System.OidcRequestUri": f"{oidc}/oidctoken",
    }
