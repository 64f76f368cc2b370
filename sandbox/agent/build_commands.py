"""The commands of the other areas: artifact, build, results, telemetry; and the table of all commands."""

from __future__ import annotations

from pathlib import Path

from sandbox.agent import test_results
from sandbox.agent.commands import Command, Handler
from sandbox.agent.errors import StepError
from sandbox.agent.execution import Execution
from sandbox.agent.task_commands import SUMMARY, TASK
from sandbox.agent.test_results import Publishing

_INVALID_IN_ARTIFACTS = "\\/\"':<>|*?"


def _artifact_upload(step: Execution, command: Command) -> None:
    name = command.properties.text("artifactname")
    if not name:
        raise StepError("Artifact Name is required.")
    if not command.data:
        raise StepError("Artifact location is required.")
    path = Path(command.data)
    if not path.exists():
        raise StepError(f"Path does not exist: {path}")
    if path.is_dir() and not any(each.is_file() for each in path.rglob("*")):
        step.warning(f"Directory '{path}' is empty. Nothing will be added to build artifact '{name}'.")
        return
    folder = command.properties.text("containerfolder") or name
    prefix = "" if folder == name else f"{folder}/"
    step.pending.append(("Upload Artifact", lambda: upload_artifact(step, name, path, prefix)))


def upload_artifact(step: Execution, name: str, path: Path, prefix: str = "") -> None:
    """Put a file, or all files of a folder, into an artifact of the build."""
    if any(character in _INVALID_IN_ARTIFACTS for character in name):
        raise StepError(
            f"Artifact name is not valid: {name}. It cannot contain '\\', /', \"', ':', '<', '>', '|', '*', and '?'"
        )
    if path.is_dir():
        files = {each.relative_to(path).as_posix(): each for each in sorted(path.rglob("*")) if each.is_file()}
    else:
        files = {path.name: path}
    step.output(f"Uploading {len(files)} files")
    step.job.builds.artifact(step.job.build.id, name, {f"{prefix}{key}": value for key, value in files.items()})
    step.output("File upload succeed.")


def _artifact_associate(step: Execution, command: Command) -> None:
    name = command.properties.text("artifactname")
    if not name:
        raise StepError("Artifact Name is required.")
    if not command.properties.text("type") and not command.properties.text("artifacttype"):
        raise StepError("Artifact Type is required.")
    if not command.data:
        raise StepError("Artifact location is required.")
    step.debug(f"Associate artifact: {name} with build: {step.job.build.id} at backend.")
    step.warning("##vso[artifact.associate] is not played by the sandbox: the location is not kept.")


def _add_build_tag(step: Execution, command: Command) -> None:
    if not command.data:
        raise StepError("Build tag is required.")
    step.job.builds.tag(step.job.build.id, command.data)


def _update_build_number(step: Execution, command: Command) -> None:
    if not command.data:
        raise StepError("Build number is required.")
    step.job.variables.set("Build.BuildNumber", command.data)
    step.job.builds.rename(step.job.build.id, command.data)


def _upload_log(step: Execution, command: Command) -> None:
    step.attach("DistributedTask.Core.Log", "CustomToolLog", _existing(command.data, "Custom tool log"))


def _upload_build_summary(step: Execution, command: Command) -> None:
    path = _existing(command.data, "Markdown summary")
    step.attach(SUMMARY, f"CustomMarkDownSummary-{path.name}", path)


def _existing(file: str, what: str) -> Path:
    path = Path(file)
    if not file or not path.is_file():
        raise StepError(f"{what} file does not exist or is not specified: {file}")
    return path


def _results_publish(step: Execution, command: Command) -> None:
    properties = command.properties
    files = command.data if command.data.strip() else properties.text("resultfiles")
    if not files:
        raise StepError("'TestResults' has to be specified.")
    if not properties.text("type"):
        raise StepError("'Testrunner' has to be specified.")
    request = Publishing(
        runner=properties.text("type"),
        files=tuple(Path(each.strip()) for each in files.split(",")),
        title=properties.text("runtitle"),
        merge=properties.text("mergeresults").lower() != "false",
        platform=properties.text("platform"),
        flavor=properties.text("config"),
        attach_files=properties.text("publishrunattachments").lower() != "false",
        fail_on_failures=properties.flag("failtaskonfailedtests"),
        run_system=properties.text("testrunsystem"),
    )
    step.pending.append(("Publish test results", lambda: test_results.publish(step, request)))


def _telemetry_publish(step: Execution, command: Command) -> None:
    for name in ("area", "feature"):
        if not command.properties.text(name):
            raise StepError(f"'{name}' has to be specified.")
    step.debug("Telemetry is not kept by the sandbox.")


def _not_played(step: Execution, command: Command) -> None:
    step.warning(f"##vso[{command.area}.{command.event}] is not played by the sandbox: nothing was published.")


def _release_name(step: Execution, command: Command) -> None:
    raise StepError("release commands are not supported for Build flow.")


COMMANDS: dict[str, dict[str, Handler]] = {
    "task": TASK,
    "artifact": {"upload": Handler(_artifact_upload), "associate": Handler(_artifact_associate)},
    "build": {
        "addbuildtag": Handler(_add_build_tag),
        "updatebuildnumber": Handler(_update_build_number),
        "uploadlog": Handler(_upload_log),
        "uploadsummary": Handler(_upload_build_summary),
    },
    "results": {"publish": Handler(_results_publish), "publishtoevidencestore": Handler(_not_played)},
    "codecoverage": {
        name: Handler(_not_played) for name in ("publish", "enable", "enablecodecoverage", "publishcodecoverage")
    },
    "telemetry": {"publish": Handler(_telemetry_publish, restricted=True)},
    "release": {"updatereleasename": Handler(_release_name)},
}
