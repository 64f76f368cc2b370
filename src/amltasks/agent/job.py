"""The job that a task runs in, as the launcher hands it over on standard input."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import Field, ValidationError

from amltasks.data import Data
from amltasks.errors import UserError

# What the agent itself does not mask among a service connection's parameters, in lower case; idToken it does.
_PUBLIC_PARAMETERS = frozenset(
    {
        "acceptuntrustedcerts",
        "accesstokenfetchingmethod",
        "accesstokentype",
        "audience",
        "authenticationtype",
        "authorizationtype",
        "completecallbackpayload",
        "expiresat",
        "issuedat",
        "oauthaccesstokenissupplied",
        "role",
        "scope",
        "tenantid",
        "unsecured",
        "usewindowssecurity",
    }
)


class Task(Data):
    name: str
    version: str


class Connection(Data):
    """Azure DevOps itself, with the job's token."""

    url: str
    token: str = Field(repr=False)


class Endpoint(Data):
    """A service connection. parameters: of its authorisation, mostly secret; data: public."""

    id: str
    url: str
    scheme: str = ""
    parameters: dict[str, str] = Field(default={}, repr=False)
    data: dict[str, str] = {}


class Job(Data):
    """inputs: raw strings, empty where not given. variables, secrets: by their real names.

    phase: `main`, or `post` for what a step does when its job's steps are over. state: what the step has left for that.
    """

    task: Task
    inputs: dict[str, str]
    variables: dict[str, str]
    secret_variables: dict[str, str] = Field(alias="secrets", repr=False)
    connection: Connection | None = None
    endpoints: dict[str, Endpoint] = {}
    phase: str = "main"
    state: str = ""

    def variable(self, name: str, default: str = "") -> str:
        """A public variable, in any case."""
        return self._variables.get(name.casefold(), default)

    def secrets(self) -> dict[str, str]:
        """All that this job knows to be secret, by name: what must never be seen in what it leaves."""
        known = {name: value for name, value in self.secret_variables.items() if value}
        if self.connection and self.connection.token:
            known["System.AccessToken"] = self.connection.token
        for input_name, endpoint in self.endpoints.items():
            for parameter, value in endpoint.parameters.items():
                if value and parameter.casefold() not in _PUBLIC_PARAMETERS:
                    known[f"{input_name}.{parameter}"] = value
        return known

    @property
    def collection_url(self) -> str:
        """The organisation's address, with a slash at its end; empty outside a pipeline."""
        url = self.variable("System.CollectionUri") or (self.connection.url if self.connection else "")
        return f"{url.rstrip('/')}/" if url else ""

    @property
    def temp_folder(self) -> Path:
        """Emptied when the job is over. Raises UserError outside an agent."""
        return self._folder("Agent.TempDirectory")

    @property
    def sources_folder(self) -> Path:
        """The repository's root. Raises UserError outside an agent."""
        return self._folder("Build.Repository.LocalPath", "Build.SourcesDirectory", "System.DefaultWorkingDirectory")

    @property
    def debug(self) -> bool:
        return self.variable("System.Debug").casefold() == "true"

    @cached_property
    def _variables(self) -> dict[str, str]:
        return {name.casefold(): value for name, value in self.variables.items()}

    def _folder(self, *names: str) -> Path:
        for name in names:
            if self.variable(name):
                return Path(self.variable(name))
        raise UserError(f"The variable {names[0]} is not set: run this task in a job of Azure Pipelines.")


def read_job(stream: BinaryIO) -> Job:
    """The job in one JSON object, UTF-8, up to the end of the stream.

    Raises UserError where there is none or it has another form: task and launcher are then of different versions.
    """
    content = stream.read()
    if not content.strip():
        raise UserError(
            "No job on standard input: the task's launcher starts this program; elsewhere use `amltasks run-notebook`."
        )
    try:
        return Job.model_validate_json(content)
    except ValidationError as error:
        raise UserError(f"The launcher's job cannot be read: {_places(error.errors(include_input=False))}.") from None


def _places(problems: list[Any]) -> str:
    """What is wrong and where, without the values: they may be secret."""
    return "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'JSON'}: {problem['msg']}" for problem in problems[:5])
