"""Logging commands: `##vso[area.event key=value;…]data` anywhere in a line of output, on either stream.

    Processor(step).process(line) -> bool       whether the line was a command (and is not shown)

The commands themselves are in task_commands and build_commands; messages are those of the real agent.
"""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.agent.errors import StepError
from sandbox.agent.pipeline import Restrictions
from sandbox.agent.verdict import Verdict, merge

if TYPE_CHECKING:
    from sandbox.agent.execution import Execution

PREFIX = "##vso["
_ESCAPES = ((";", "%3B"), ("\r", "%0D"), ("\n", "%0A"), ("]", "%5D"))
_HELP = "Please reference documentation (http://go.microsoft.com/fwlink/?LinkId=817296)"


class Properties(dict[str, str]):
    """A command's properties by their names in lower case: the agent does not care for case."""

    def text(self, name: str) -> str:
        return self.get(name, "")

    def flag(self, name: str) -> bool:
        return self.text(name).lower() == "true"


@dataclass(frozen=True)
class Command:
    area: str
    event: str
    properties: Properties
    data: str


@dataclass(frozen=True)
class Handler:
    """execute: StepError where the real one throws; the step then fails. restricted: allowed in restricted mode."""

    execute: Callable[[Execution, Command], None]
    restricted: bool = False


def parse(line: str) -> Command | None:
    """The command in a line, or None where there is none or it is malformed."""
    start = line.find(PREFIX)
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    name, _, properties = line[start + len(PREFIX) : end].partition(" ")
    parts = [part for part in name.split(".") if part]
    if len(parts) != 2:
        return None
    found = Properties()
    for each in properties.split(";"):
        key, separator, value = each.partition("=")
        if key and separator and value:
            found[key.lower()] = unescape(value)
    return Command(parts[0], parts[1], found, unescape(line[end + 1 :]))


def escape(text: str) -> str:
    text = text.replace("%", "%AZP25")
    for token, replacement in _ESCAPES:
        text = text.replace(token, replacement)
    return text


def unescape(text: str) -> str:
    for token, replacement in _ESCAPES:
        text = text.replace(replacement, token)
    return text.replace("%AZP25", "%")


class Processor:
    """Carries out the commands of one step's output, one after another."""

    def __init__(self, step: Execution, handlers: dict[str, dict[str, Handler]]) -> None:
        """handlers: area → event → handler, both in lower case."""
        self._step = step
        self._handlers = handlers
        self._lock = threading.Lock()

    def process(self, line: str) -> bool:
        step = self._step
        command = parse(line)
        if command is None:
            if "##vso" in line:
                step.warning(
                    f"'{line}' contains logging command keyword '##vso', but it's not a legal command. Please see the "
                    "list of accepted commands: https://go.microsoft.com/fwlink/?LinkId=817296"
                )
            return False
        events = self._handlers.get(command.area.lower())
        if events is None:
            step.warning(f"Cannot find command extension for ##vso[{command.area}.command]. {_HELP}")
            return True
        with self._lock:
            try:
                self._execute(command, events)
            except StepError as error:
                step.error(f"Unable to process command '{line}' successfully. {_HELP}")
                step.error(str(error))
                step.command_verdict = merge(step.command_verdict, Verdict.Failed)
            if (command.area.lower(), command.event.lower()) != ("task", "debug"):
                step.debug(f"Processed: {unescape(line)}")
        return True

    def _execute(self, command: Command, events: dict[str, Handler]) -> None:
        handler = events.get(command.event.lower())
        if handler is None:
            area = command.area.lower()
            raise StepError(
                f"##vso[{area}.{command.event}] is not a recognized command for {area} command extension. {_HELP}."
            )
        if handler.restricted or not any(each.restricted for each in self._step.restrictions):
            handler.execute(self._step, command)
        else:
            self._step.warning(
                f"##vso[{command.area}.{command.event}] is not allowed in this step due to policy restrictions. {_HELP}"
            )


def may_set(step: Execution, variable: str) -> bool:
    """Whether the step may set a variable; a refusal is a warning."""
    if all(_settable(each, variable) for each in step.restrictions):
        return True
    step.warning(f"Setting variable '{variable}' has been disabled by the task or build definition.")
    return False


def _settable(restrictions: Restrictions, variable: str) -> bool:
    patterns: Iterable[str] | None = restrictions.settable
    return patterns is None or any(fnmatch.fnmatchcase(variable.lower(), pattern.lower()) for pattern in patterns)
