"""What a step must not show: the job's secrets, and keys of endpoints as they become known."""

from __future__ import annotations

from amltasks.agent import commands
from amltasks.agent.job import Job
from amltasks.agent.output import Output
from amltasks.redaction import Redactor


class Secrets:
    """redactor: takes out all that is known by now."""

    def __init__(self, job: Job, output: Output) -> None:
        self._output = output
        self._known = job.secrets()
        self.redactor = Redactor(self._known)

    def add(self, value: str) -> None:
        """From now on; the agent is told, too. Comes before the value is used for anything."""
        if value and value not in self._known.values():
            self._known = {**self._known, f"key {len(self._known)}": value}
            self.redactor = Redactor(self._known)
            self._output.command(*commands.set_secrets(value))
