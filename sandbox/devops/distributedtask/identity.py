"""Identity tokens of jobs: how a service connection proves itself to Entra ID without a secret."""

from __future__ import annotations

import uuid

from sandbox.clock import Clock
from sandbox.devops.build.documents import Build
from sandbox.devops.core.state import Project
from sandbox.devops.distributedtask import errors
from sandbox.signing import SigningKey
from sandbox.store import Document, Store, Table

AUDIENCE = "api://AzureADTokenExchange"
LIFE_SECONDS = 600


class ServiceConnection(Document):
    id: str
    name: str


class IdentityTokens:
    """issuer and subject(): what a federated credential in Entra ID names."""

    def __init__(self, store: Store, clock: Clock, organization: str, project: Project) -> None:
        self._connections = Table(store, "service-connection", ServiceConnection)
        self._clock = clock
        self._organization = organization
        self._project = project
        self.key = SigningKey(store, "azure-devops")
        self.issuer = f"https://vstoken.dev.azure.com/{project.id}"

    def connect(self, connection: str, name: str) -> None:
        """Let tokens be had for a service connection. connection: its GUID."""
        self._connections.put("", connection.lower(), ServiceConnection(id=connection.lower(), name=name))

    def subject(self, name: str) -> str:
        """Of a service connection, by its name."""
        return f"sc://{self._organization}/{self._project.name}/{name}"

    def issue(self, build: Build, connection: str | None = None) -> str:
        """A token for a job of a build: its service connection's (a GUID), or the pipeline's own."""
        subject = f"p://{self._organization}/{self._project.name}/{build.definition}"
        if connection:
            found = self._connections.get("", connection.lower())
            if found is None:
                raise errors.connection_not_found(connection)
            subject = self.subject(found.name)
        now = int(self._clock.time())
        return self.key.sign(
            {
                "jti": str(uuid.uuid4()),
                "sub": subject,
                "aud": AUDIENCE,
                "org_id": self._project.id,
                "prj_id": self._project.id,
                "run_id": str(build.id),
                "iss": self.issuer,
                "nbf": now - LIFE_SECONDS,
                "exp": now + LIFE_SECONDS,
                "iat": now,
            }
        )
