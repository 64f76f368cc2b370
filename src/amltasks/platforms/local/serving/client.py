"""Commands to an endpoint's front door, which is opened where it is not."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from amltasks.errors import ServiceError, UserError
from amltasks.notebooks.processes import end_all
from amltasks.platforms.local.serving.door import OPEN, Commands, Wanted, only_one
from amltasks.platforms.local.serving.server import clean_environment
from amltasks.platforms.local.serving.state import HOST, EndpointFolder

_OPEN_SECONDS = 60.0
_CLOSE_SECONDS = 90.0
_END_SECONDS = 10.0
_COMMAND_SECONDS = 600.0
_LOOK_SECONDS = 0.05
_REFUSED = 409
_TRIES = 3


def command(folder: EndpointFolder, name: str, **said: Any) -> str:
    """What came of it. Raises UserError where the door refuses it, ServiceError where there is no door to be had.

    A door that dies over it is opened again, and told once more: every command may be said twice.
    """
    commands = open_door(folder)
    try:
        return _said(commands, name, Wanted(**said))
    except (OSError, http.client.HTTPException):
        _await_end(folder, commands)
    try:
        return _said(open_door(folder), name, Wanted(**said))
    except (OSError, http.client.HTTPException) as error:
        raise ServiceError(f"The endpoint's door does not answer: {error}. {_log(folder)}".strip()) from error


def open_door(folder: EndpointFolder) -> Commands:
    """Where the door takes commands; it is started where none is alive. Raises ServiceError."""
    deadline, tries = time.monotonic() + _OPEN_SECONDS, 0
    while time.monotonic() < deadline and tries < _TRIES:
        if _is_closed(folder):
            tries += not _started(folder)  # not, too, where another command was faster
        commands = _commands(folder)
        if commands is not None:
            return commands
        time.sleep(_LOOK_SECONDS)  # another command has started it, and it is not open yet
    raise ServiceError(f"The endpoint's door cannot be opened. {_log(folder)}".strip())


def close_door(folder: EndpointFolder) -> None:
    """With all that it has started; its files are gone. Nothing where there is no endpoint. Raises ServiceError."""
    endpoint = folder.read() if folder.state.is_file() else None
    commands = _commands(folder)
    if commands is not None and not _is_closed(folder):
        with contextlib.suppress(OSError, http.client.HTTPException):  # it may be ending by itself
            _said(commands, "close", Wanted())
        deadline = time.monotonic() + _CLOSE_SECONDS
        while not _is_closed(folder) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
    if endpoint is not None:
        end_all(endpoint.marker, of_ours=False)
    shutil.rmtree(folder.path)


def _await_end(folder: EndpointFolder, commands: Commands) -> None:
    """Of a door that answers no more: what is killed takes a moment to be gone."""
    deadline = time.monotonic() + _END_SECONDS
    while not _is_closed(folder) and _commands(folder) == commands and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


def _is_closed(folder: EndpointFolder) -> bool:
    with only_one(folder) as free:
        return free


def _said(commands: Commands, name: str, said: Wanted) -> str:
    connection = http.client.HTTPConnection(HOST, commands.port, timeout=_COMMAND_SECONDS)
    try:
        headers = {"Authorization": f"Bearer {commands.secret}"}
        connection.request("POST", f"/{name}", said.model_dump_json(by_alias=True), headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
    finally:
        connection.close()
    if answer.status == _REFUSED:
        raise UserError(text)
    if answer.status >= 400:
        raise ServiceError(f"The endpoint's door answers {answer.status}: its log, door.log, says more.")
    return text


def _commands(folder: EndpointFolder) -> Commands | None:
    try:
        return Commands.model_validate_json(folder.door.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _started(folder: EndpointFolder) -> bool:
    """Whether this one opened. It leaves our session and has nothing of the pipeline's: agents end what has."""
    with folder.door_log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", "-m", "amltasks.platforms.local.serving.door", str(folder.path)],
            cwd=folder.path,
            env={**clean_environment(), "HOME": str(Path.home())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    assert process.stdout is not None
    with process.stdout as said:
        return said.readline().decode().strip() == OPEN


def _log(folder: EndpointFolder) -> str:
    lines = folder.door_log.read_text("utf-8", "replace").splitlines() if folder.door_log.is_file() else []
    return lines[-1] if lines else ""
