"""PublishPipelineArtifact@1, PublishBuildArtifacts@1 and DownloadPipelineArtifact@2, for artifacts of the same run."""

from __future__ import annotations

from pathlib import Path

from sandbox.agent.build_commands import upload_artifact
from sandbox.agent.errors import StepError
from sandbox.agent.inbox.patterns import select
from sandbox.agent.invocation import Invocation
from sandbox.agent.tasks import TaskDefinition, TaskInput


def _publish(invocation: Invocation) -> None:
    step, job = invocation.step, invocation.step.job
    path = Path(invocation.input("targetPath") or invocation.input("PathtoPublish"))
    if not path.exists():
        raise StepError(f"Path does not exist: {path}")
    default = f"{job.variables.get('System.JobId')}"
    upload_artifact(step, invocation.input("artifactName") or default, path)


def _download(invocation: Invocation) -> None:
    step, job = invocation.step, invocation.step.job
    source = invocation.input("source").lower()
    if source == "none":
        return
    if source != "current":
        raise StepError(f"The sandbox's agent downloads artifacts of the current run only, not of '{source}'.")
    builds, build_id, name = job.builds, job.build.id, invocation.input("artifactName")
    there = {artifact.name: artifact for artifact in builds.artifacts(build_id)}
    if name and name not in there:
        raise StepError(f"Artifact {name} was not found for build {build_id}.")
    for artifact in [there[name]] if name else list(there.values()):
        folder = Path(invocation.input("targetPath"))
        folder = folder if name else folder / artifact.name
        files = select(list(artifact.files), invocation.input("itemPattern"))
        for file in files:
            target = folder / file
            if not target.resolve().is_relative_to(folder.resolve()):
                raise StepError(f"'{file}' of artifact {artifact.name} points outside of the target folder.")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(builds.artifact_file(build_id, artifact.name, file))
        step.output(f"Downloaded artifact {artifact.name}: {len(files)} files to {folder}")


_AUTHOR = "Microsoft Corporation"

TASKS = (
    TaskDefinition(
        id="ecdc45f6-832d-4ad9-b52b-ee49e94659be",
        name="PublishPipelineArtifact",
        version="1.250.1",
        friendly_name="Publish Pipeline Artifacts",
        description="Publish (upload) a file or directory as a named artifact for the current run",
        author=_AUTHOR,
        inputs=(
            TaskInput("targetPath", "filePath", "$(Pipeline.Workspace)", required=True, aliases=("path",)),
            TaskInput("artifactName", aliases=("artifact",)),
        ),
        run=_publish,
    ),
    TaskDefinition(
        id="2ff763a7-ce83-4e1f-bc89-0ae63477cebe",
        name="PublishBuildArtifacts",
        version="1.250.1",
        friendly_name="Publish build artifacts",
        description="Publish build artifacts to Azure Pipelines or a Windows file share",
        author=_AUTHOR,
        inputs=(
            TaskInput("PathtoPublish", "filePath", "$(Build.ArtifactStagingDirectory)", required=True),
            TaskInput("ArtifactName", default="drop", required=True),
        ),
        run=_publish,
    ),
    TaskDefinition(
        id="61f2a582-95ae-4948-b34d-a1b3c4f6a737",
        name="DownloadPipelineArtifact",
        version="2.250.1",
        friendly_name="Download Pipeline Artifacts",
        description="Download build and pipeline artifacts",
        author=_AUTHOR,
        inputs=(
            TaskInput("source", "radio", "current", aliases=("buildType",)),
            TaskInput("artifactName", aliases=("artifact",)),
            TaskInput("itemPattern", "multiLine", "**", aliases=("patterns",)),
            TaskInput("targetPath", "filePath", "$(Pipeline.Workspace)", aliases=("path", "downloadPath")),
        ),
        run=_download,
    ),
)
