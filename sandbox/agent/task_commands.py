"""The commands `##vso[task.…]`."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from urllib.parse import urlparse

from sandbox.agent.commands import Command, Handler, escape, may_set
from sandbox.agent.endpoints import SYSTEM_ID
from sandbox.agent.errors import StepError
from sandbox.agent.execution import Execution
from sandbox.agent.verdict import Verdict, merge

SUMMARY = "Distributedtask.Core.Summary"
FILE = "DistributedTask.Core.FileAttachment"
_INVALID_IN_FILE_NAMES = "/\0"


def _log_issue(step: Execution, command: Command) -> None:
    kind = command.properties.text("type").lower()
    if not kind:
        step.warning("Can't create TaskIssue from logging event.")
        return
    if kind not in ("error", "warning"):
        raise StepError(f"issue type {command.properties.text('type')} is not an expected issue type.")
    data, message = dict(command.properties), command.data
    if "sourcepath" in data:
        data["sourcepath"] = _relative(step, data["sourcepath"])
        line, column, code = (data.get(key, "") for key in ("linenumber", "columnnumber", "code"))
        message = f"{data['sourcepath']}({line},{column}): {data['type']} {code}: {message}"
    step.issue("error" if kind == "error" else "warning", message, data)


def _relative(step: Execution, source: str) -> str:
    """Relative to the repository where the path is inside it."""
    sources = step.job.directory("Build.SourcesDirectory")
    path = Path(source)
    return path.relative_to(sources).as_posix() if path.is_relative_to(sources) else source


def _set_progress(step: Execution, command: Command) -> None:
    value = command.properties.text("value").strip()
    step.progress(min(max(int(value), 0), 100) if re.fullmatch(r"[+-]?\d+", value) else 0, command.data)


def _complete(step: Execution, command: Command) -> None:
    try:
        verdict = Verdict[command.properties.text("result")]
    except KeyError:
        raise StepError("Command doesn't have valid result value.") from None
    step.verdict = merge(step.verdict, verdict)
    step.progress(100, command.data)
    if command.properties.text("done").lower() in ("true", "1"):
        step.release_later()


def _set_variable(step: Execution, command: Command) -> None:
    name, secret = _variable_name(command), command.properties.flag("issecret")
    if step.job.variables.is_read_only(name):
        _refuse_read_only(step, "variable", name)
    if secret:
        _check_one_line(step, command.data)
        step.job.masker.add(escape(command.data))
    if may_set(step, name):
        step.set_variable(
            name,
            command.data,
            secret=secret,
            output=command.properties.flag("isoutput"),
            read_only=command.properties.flag("isreadonly"),
            preserve_case=command.properties.flag("preservecase"),
        )


def _set_task_variable(step: Execution, command: Command) -> None:
    name, secret = _variable_name(command), command.properties.flag("issecret")
    if step.task_variables.is_read_only(name):
        _refuse_read_only(step, "task variable", name)
    if secret:
        _check_one_line(step, command.data)
    step.task_variables.set(
        name,
        command.data,
        secret=secret,
        read_only=command.properties.flag("isreadonly"),
        preserve_case=command.properties.flag("preservecase"),
    )


def _variable_name(command: Command) -> str:
    name = command.properties.text("variable")
    if not name:
        raise _missing(f"Required field 'variable' is missing in ##vso[task.{command.event.lower()}] command.")
    return name


def _refuse_read_only(step: Execution, what: str, name: str) -> None:
    link = "See https://github.com/microsoft/azure-pipelines-yaml/blob/master/design/readonly-variables.md for details."
    if step.job.variables.is_true("agent.readOnlyVariables"):
        raise StepError(f"Overwriting readonly {what} '{name}' is not permitted. {link}")
    step.warning(f"Overwriting readonly {what} '{name}'. This behavior will be disabled in the future. {link}")


def _check_one_line(step: Execution, value: str) -> None:
    if "\n" in value and not step.job.variables.is_true("SYSTEM_UNSAFEALLOWMULTILINESECRET"):
        raise StepError("Secrets cannot contain multiple lines")


def _set_secret(step: Execution, command: Command) -> None:
    if command.data:
        step.job.masker.add(command.data)


def _debug(step: Execution, command: Command) -> None:
    step.debug(command.data)


def _prepend_path(step: Execution, command: Command) -> None:
    if not may_set(step, "PATH"):
        return
    if not command.data:
        raise _missing("prependpath")
    entries = step.job.path_entries
    entries[:] = [entry for entry in entries if entry != command.data] + [command.data]


def _add_attachment(step: Execution, command: Command) -> None:
    kind, name = command.properties.text("type"), command.properties.text("name")
    if not kind:
        raise _missing("Can't add task attachment, attachment type is not provided.")
    if not name:
        raise _missing("Can't add task attachment, attachment name is not provided.")
    _attach(step, kind, name, command.data)


def _attach(step: Execution, kind: str, name: str, file: str) -> None:
    for what, text in (("Type", kind), ("Name", name)):
        if any(character in text for character in _INVALID_IN_FILE_NAMES):
            raise StepError(f"{what} contains invalid characters. (\\0, /)")
    if not file or not Path(file).is_file():
        raise _missing(
            "Cannot upload task attachment file, attachment file location is not specified or attachment file does not "
            "exist on disk."
        )
    step.attach(kind, name, Path(file))


def _upload_summary(step: Execution, command: Command) -> None:
    if not command.data:
        raise StepError("Cannot upload summary file, summary file location is not specified.")
    _attach(step, SUMMARY, Path(command.data).name, command.data)


def _upload_file(step: Execution, command: Command) -> None:
    if not command.data:
        raise StepError("Cannot upload file because file location is not specified.")
    _attach(step, FILE, Path(command.data).name, command.data)


def _set_endpoint(step: Execution, command: Command) -> None:
    field, id_text, key = (command.properties.text(name) for name in ("field", "id", "key"))
    if not command.data:
        raise _missing("Enter a valid value for setendpoint.")
    if not field:
        raise _missing("Required field 'field' is missing in ##vso[task.setendpoint] command.")
    if field.lower() == "authparameter":
        step.job.masker.add(command.data)
    if not id_text:
        raise _missing("Required field 'id' is missing in ##vso[task.setendpoint] command.")
    try:
        endpoint_id = str(uuid.UUID(id_text))
    except ValueError:
        raise _missing("Invalid endpoint id.") from None
    if endpoint_id == SYSTEM_ID:
        step.warning("Modification of system endpoint 'SystemVssConnection' is not allowed via setendpoint command.")
        return
    endpoint = next((each for each in step.job.endpoints if each.id == endpoint_id), None)
    if endpoint is None:
        raise _missing(f"The service connection {endpoint_id} is not declared.")
    if field.lower() == "url":
        if not urlparse(command.data).scheme:
            raise _missing("Invalid endpoint Url.")
        changed = endpoint.model_copy(update={"url": command.data})
    elif not key:
        raise _missing("Required field 'key' is missing in ##vso[task.setendpoint] command.")
    elif field.lower() == "dataparameter":
        changed = endpoint.model_copy(update={"data": {**endpoint.data, key: command.data}})
    elif field.lower() == "authparameter":
        changed = endpoint.model_copy(update={"parameters": {**endpoint.parameters, key: command.data}})
    else:
        raise StepError("Invalid endpoint field. Valid values are url, dataParameter and authParameter")
    step.job.endpoints = tuple(changed if each is endpoint else each for each in step.job.endpoints)


def _log_detail(step: Execution, command: Command) -> None:
    """Checked as the agent checks it; the child timeline, which no page shows, is not kept."""
    properties = command.properties
    try:
        record = uuid.UUID(properties.text("id"))
        parent = uuid.UUID(properties["parentid"]) if "parentid" in properties else None
    except ValueError:
        raise _missing("Can't update timeline record, timeline record id is not provided.") from None
    if record in step.details:
        if parent is not None and parent != step.details[record]:
            raise StepError("Can't change parent timeline record of an existing timeline record.")
        return
    if not properties.text("name"):
        raise _missing("Name is required for this new timeline record.")
    if not properties.text("type"):
        raise _missing("Type is required for this new timeline record.")
    if parent is not None and parent not in step.details:
        raise _missing("Parent timeline record has not been created for this new timeline record.")
    step.details[record] = parent


def _missing(message: str) -> StepError:
    """The text of .NET's ArgumentNullException, by which the agent reports what is absent."""
    return StepError(f"Value cannot be null. (Parameter '{message}')")


TASK = {
    "logissue": Handler(_log_issue, restricted=True),
    "issue": Handler(_log_issue, restricted=True),
    "setprogress": Handler(_set_progress, restricted=True),
    "complete": Handler(_complete, restricted=True),
    "logdetail": Handler(_log_detail, restricted=True),
    "setvariable": Handler(_set_variable, restricted=True),
    "settaskvariable": Handler(_set_task_variable, restricted=True),
    "setsecret": Handler(_set_secret, restricted=True),
    "debug": Handler(_debug, restricted=True),
    "prependpath": Handler(_prepend_path, restricted=True),
    "addattachment": Handler(_add_attachment),
    "uploadsummary": Handler(_upload_summary),
    "uploadfile": Handler(_upload_file),
    "setendpoint": Handler(_set_endpoint),
}
