"""The agent's logging commands, as text for its standard output.

Text for people is made harmless here; names, values and paths are only escaped, so they arrive as they are. Commands
marked "restricted" are refused, with a warning in the log, where a pipeline restricts what steps may do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from amltasks.agent.neutral import neutralise, one_line

IssueKind = Literal["error", "warning"]
Result = Literal["Succeeded", "SucceededWithIssues", "Failed", "Canceled", "Skipped"]

# `%25` is not decoded by the agent, `%AZP25` is.
_DATA_ESCAPES = str.maketrans({"%": "%AZP25", "\r": "%0D", "\n": "%0A"})
_PROPERTY_ESCAPES = _DATA_ESCAPES | str.maketrans({"]": "%5D", ";": "%3B"})


def issue(
    message: str,
    kind: IssueKind,
    *,
    path: str = "",
    line: int | None = None,
    column: int | None = None,
) -> str:
    """An error or warning of the step. path: from the repository's root. The agent keeps ten of each kind."""
    return _command(
        "task.logissue",
        neutralise(message),
        type=kind,
        sourcepath=one_line(path, limit=1000),
        linenumber="" if line is None else str(line),
        columnnumber="" if column is None else str(column),
    )


def set_progress(percent: int, operation: str = "") -> str:
    return _command("task.setprogress", one_line(operation), value=str(max(0, min(100, percent))))


def set_variable(name: str, value: str, *, secret: bool = False, output: bool = False) -> str:
    """Sets a pipeline variable; an output variable is read as `$(step.name)` in the job. Secrets must be one line."""
    return _command(
        "task.setvariable",
        value,
        variable=name,
        issecret="true" if secret else "",
        isoutput="true" if output else "",
    )


def set_state(value: str) -> str:
    """Keeps a text for the step's part after the job's steps, which gets it as `Job.state`. Restricted."""
    return _command("task.settaskvariable", value, variable="amltasks")


def set_secrets(value: str) -> list[str]:
    """Has the agent mask a value from now on, line by line, because it masks nothing that has several lines."""
    lines = dict.fromkeys(line.strip() for line in value.splitlines())
    return [_command("task.setsecret", line) for line in lines if line]


def add_attachment(kind: str, name: str, path: Path) -> str:
    """Attaches a file to the step under a name that is safe as a file name. Restricted."""
    return _command("task.addattachment", str(path), type=kind, name=name)


def upload_summary(path: Path) -> str:
    """Shows a Markdown file on the run's Extensions tab. Restricted."""
    return _command("task.uploadsummary", str(path))


def upload_file(path: Path) -> str:
    """Puts a file into the archive of the run's logs. Restricted."""
    return _command("task.uploadfile", str(path))


def upload_artifact(name: str, path: Path) -> str:
    """Puts a file into an artifact of the build. Not in releases."""
    return _command("artifact.upload", str(path), artifactname=name, containerfolder=name)


def complete(result: Result, message: str = "") -> str:
    """Sets the step's result; the worst one counts."""
    return _command("task.complete", neutralise(message), result=result)


def debug(text: str) -> str:
    """Shown where the pipeline's System.Debug is true."""
    return _command("task.debug", neutralise(text))


def group(title: str) -> str:
    """Begins lines that are folded under a title; `end_group` ends them. Groups do not nest."""
    return f"##[group]{one_line(title)}"


def end_group() -> str:
    return "##[endgroup]"


def section(text: str) -> str:
    """A line that stands out in green."""
    return f"##[section]{one_line(text)}"


def warning_line(text: str) -> str:
    """A line in yellow that is not counted as an issue."""
    return f"##[warning]{one_line(text)}"


def error_line(text: str) -> str:
    """A line in red that is not counted as an issue."""
    return f"##[error]{one_line(text)}"


def _command(command: str, data: str, /, **properties: str) -> str:
    given = ";".join(f"{key}={value.translate(_PROPERTY_ESCAPES)}" for key, value in properties.items() if value)
    return f"##vso[{command}{' ' if given else ''}{given}]{data.translate(_DATA_ESCAPES)}"
