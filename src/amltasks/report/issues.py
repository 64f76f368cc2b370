"""Errors and warnings of a step, as many as the agent keeps."""

from __future__ import annotations

from amltasks.agent import commands
from amltasks.agent.neutral import one_line
from amltasks.agent.output import Output

ISSUES = 10  # the agent keeps this many errors and as many warnings of a step
LINE_LENGTH = 1000  # the agent's live view cuts lines here


class Issues:
    """Errors or warnings of the step: as many as the agent keeps, the last of them stands for the rest."""

    def __init__(self, output: Output, kind: commands.IssueKind) -> None:
        self._output = output
        self._kind = kind
        self._given = 0
        self._kept_back: list[str] = []

    def add(self, message: str, *, path: str = "", line: int | None = None) -> None:
        text = one_line(self._output.redacted(message), LINE_LENGTH)
        command = commands.issue(text, self._kind, path=self._output.redacted(path), line=line)
        if self._given < ISSUES - 1:
            self._given += 1
            self._output.command(command)
        else:
            self._kept_back.append(command)
            self._output.command(commands.error_line(text) if self._kind == "error" else commands.warning_line(text))

    def close(self, rest: str) -> None:
        """Gives the last issue, or says how many there were beyond it."""
        if len(self._kept_back) == 1:
            self._output.command(self._kept_back[0])
        elif self._kept_back:
            self._output.command(commands.issue(f"{len(self._kept_back)} {rest}.", self._kind))
        self._kept_back.clear()
