"""One start of a task: its inputs as the agent hands them over, and its process."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox.agent import process
from sandbox.agent.build_commands import COMMANDS
from sandbox.agent.commands import Processor
from sandbox.agent.endpoints import find, system_connection
from sandbox.agent.environment import task_environment
from sandbox.agent.errors import StepError
from sandbox.agent.execution import Execution, JobScope
from sandbox.agent.process import Timing
from sandbox.agent.tasks import Handler, TaskDefinition


@dataclass(frozen=True)
class Invocation:
    """inputs: by the definition's names, trimmed, expanded, paths rooted. environment: of a Node process."""

    step: Execution
    definition: TaskDefinition
    inputs: Mapping[str, str]
    environment: Mapping[str, str]

    def input(self, name: str) -> str:
        return next((value for key, value in self.inputs.items() if key.lower() == name.lower()), "")

    def flag(self, name: str) -> bool:
        return self.input(name).lower() == "true"

    def execute(self, command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> None:
        """Run a process; StepError where it ends with another code than 0, Canceled where it was told to stop."""
        step = self.step
        commands = Processor(step, COMMANDS)

        def on_line(line: str) -> None:
            if not commands.process(line):
                step.output(line)

        code = process.run(
            command,
            cwd=cwd,
            env=environment,
            on_line=on_line,
            cancellation=step.cancellation,
            released=step.released,
            timing=_patience(step.job),
        )
        if code:
            arguments = " ".join(f'"{argument}"' for argument in command[1:])
            raise StepError(
                f"Exit code {code} returned from process: file name '{command[0]}', arguments '{arguments}'."
            )

    def run_handler(self, handler: Handler) -> None:
        """Run a file of the task's folder with the agent's Node."""
        job = self.step.job
        target = self.definition.install(job.directory("Agent.WorkFolder")) / handler.target
        if not target.is_file():
            raise StepError(f"File not found: '{target}'")
        cwd = (
            job.variables.expand(handler.working_directory) or job.variables.get("System.DefaultWorkingDirectory") or ""
        )
        self.step.debug(f"Using node path: {job.node}")
        self.execute([job.node, str(target)], Path(cwd), self.environment)


def prepare(
    step: Execution, definition: TaskDefinition, given: Mapping[str, str], mapped: Mapping[str, str]
) -> Invocation:
    """Merge defaults and given inputs, expand macros, root paths, resolve service connections, make the environment.

    given: inputs as the YAML has them; mapped: the step's `env`.
    """
    variables = step.job.variables
    inputs = {each.name: each.default.strip() for each in definition.inputs}
    for name, value in given.items():
        known = definition.input(name.strip())
        inputs[known.name if known else name.strip()] = value.strip()
    inputs = {name: variables.expand(value) for name, value in inputs.items()}
    endpoints = [system_connection(step.job.collection_url, step.job.token)]
    for each in definition.inputs:
        if each.type.lower() == "filepath":
            inputs[each.name] = _rooted(step.job, inputs[each.name])
        elif each.is_connection and inputs[each.name]:
            ids = []
            for reference in inputs[each.name].split(","):
                endpoint = find(step.job.endpoints, reference)
                if endpoint is None:
                    raise StepError(
                        f"Service connection '{reference.strip()}' of input '{each.name}' could not be found."
                    )
                endpoints.append(endpoint)
                ids.append(endpoint.id)
            inputs[each.name] = ",".join(ids)
    expanded = {name.strip(): variables.expand(value.strip()) for name, value in mapped.items() if name.strip()}
    return Invocation(step, definition, inputs, task_environment(step, inputs, endpoints, expanded))


def _rooted(job: JobScope, path: str) -> str:
    """A relative path below the repository; an empty one is the repository itself."""
    return os.path.normpath(job.directory("Build.SourcesDirectory") / path)


def _patience(job: JobScope) -> Timing:
    """The agent's timing, unless variables of the pipeline say otherwise: milliseconds, as for the real agent."""
    timing = job.timing
    for variable, field in (("PROCESS_SIGINT_TIMEOUT", "interrupt"), ("PROCESS_SIGTERM_TIMEOUT", "terminate")):
        value = job.variables.get(variable) or ""
        if value.isdecimal():
            timing = replace(timing, **{field: int(value) / 1000})
    return timing
