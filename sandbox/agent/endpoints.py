"""Service connections: what a file says of them, and how a task is told."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from sandbox.agent.errors import PipelineError
from sandbox.agent.variables import environment_name

SYSTEM_NAME = "SystemVssConnection"
SYSTEM_ID = "00000000-0000-0000-0000-000000000000"


class Endpoint(BaseModel):
    """One service connection. id: GUID; parameters: of the authorization, mostly secret; data: shown to everybody."""

    model_config = ConfigDict(extra="forbid")

    id: str
    name: str
    type: str = "generic"
    url: str
    scheme: str | None = None
    parameters: dict[str, str] = {}
    data: dict[str, str] = {}

    @field_validator("id")
    @classmethod
    def _guid(cls, value: str) -> str:
        return str(uuid.UUID(value))

    def environment(self) -> dict[str, str]:
        """The variables by which a Node task finds this connection."""
        system = self.id == SYSTEM_ID
        key = SYSTEM_NAME.upper() if system else self.id
        authorization = {"parameters": self.parameters, "scheme": self.scheme} if self.scheme else None
        found = {f"ENDPOINT_URL_{key}": self.url, f"ENDPOINT_AUTH_{key}": _json(authorization)}
        if self.scheme:
            found[f"ENDPOINT_AUTH_SCHEME_{key}"] = self.scheme
            for name, value in self.parameters.items():
                found[f"ENDPOINT_AUTH_PARAMETER_{key}_{environment_name(name)}"] = value
        if not system:
            found[f"ENDPOINT_DATA_{key}"] = _json(self.data)
            for name, value in self.data.items():
                found[f"ENDPOINT_DATA_{key}_{environment_name(name)}"] = value
        return found


def system_connection(url: str, token: str) -> Endpoint:
    """The job's own connection to the collection, which every task gets."""
    return Endpoint(
        id=SYSTEM_ID, name=SYSTEM_NAME, type="system", url=url, scheme="OAuth", parameters={"AccessToken": token}
    )


def load(path: Path) -> tuple[Endpoint, ...]:
    """Service connections from a YAML or JSON list; PipelineError says what is wrong with it."""
    try:
        entries = yaml.safe_load(path.read_text("utf-8"))
        if not isinstance(entries, list):
            raise PipelineError(f"{path}: a list of service connections was expected")
        return tuple(Endpoint.model_validate(entry) for entry in entries)
    except (OSError, yaml.YAMLError) as error:
        raise PipelineError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise PipelineError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def find(endpoints: tuple[Endpoint, ...], reference: str) -> Endpoint | None:
    """By name or id, without regard to case."""
    wanted = reference.strip().lower()
    return next((each for each in endpoints if wanted in (each.name.lower(), each.id)), None)


def _json(value: Mapping[str, object] | None) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
