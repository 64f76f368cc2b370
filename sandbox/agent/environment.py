"""The environment of a Node task: everything that the agent tells it, under the agent's names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping

from sandbox.agent.endpoints import Endpoint
from sandbox.agent.execution import Execution
from sandbox.agent.variables import Variable, environment_name

# What the sandbox's own interpreter has in its environment and a worker of the real agent would not have.
_OWN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "COVERAGE_PROCESS_START")

# What azure-pipelines-task-lib takes into its vault and removes from the environment before a script sees it.
_VAULTED = ("INPUT_", "ENDPOINT_AUTH_", "SECUREFILE_TICKET_", "SECRET_", "VSTS_TASKVARIABLE_")
_VAULTED_NAMES = ("VSTS_PUBLIC_VARIABLES", "VSTS_SECRET_VARIABLES", "COMMAND_CORRELATION_ID")


def worker_environment() -> dict[str, str]:
    """The environment of the agent's worker, which every child inherits."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in _OWN and not name.startswith(("PYTEST_", *_VAULTED))
    }


def task_environment(
    step: Execution, inputs: Mapping[str, str], endpoints: Iterable[Endpoint], mapped: Mapping[str, str]
) -> dict[str, str]:
    """All variables of a task's process. mapped: the step's `env`, expanded; the agent's own names win over it."""
    job = step.job
    variables = job.variables.all()
    public = [variable for variable in variables if not variable.secret]
    secret = [variable for variable in variables if variable.secret]
    found = {**mapped, **{_name(variable): variable.value for variable in public}}
    found |= {variable.name: variable.value for variable in public if variable.name.lower() == "agent.jobstatus"}
    found["VSTS_PUBLIC_VARIABLES"] = json.dumps([variable.name for variable in public])
    found |= {f"SECRET_{_name(variable)}": variable.value for variable in secret}
    found["VSTS_SECRET_VARIABLES"] = json.dumps([variable.name for variable in secret])
    found |= {f"INPUT_{environment_name(name)}": value for name, value in inputs.items()}
    for endpoint in endpoints:
        found |= endpoint.environment()
    found |= {f"VSTS_TASKVARIABLE_{_name(variable)}": variable.value for variable in step.task_variables.all()}
    found = {**job.environment, **found, "TF_BUILD": "True"}
    if job.path_entries:
        original = job.variables.get("PATH") or mapped.get("PATH") or job.environment.get("PATH", "")
        found["PATH"] = os.pathsep.join([*reversed(job.path_entries), original])
    return found


def script_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What is left for a script that a task starts: no inputs, no secrets, no authorizations."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(_VAULTED) and name not in _VAULTED_NAMES
    }


def _name(variable: Variable) -> str:
    return environment_name(variable.name, variable.preserve_case)
