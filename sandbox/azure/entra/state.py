"""The directory: tenants, applications with a service principal each, and what proves to be one."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta

from sandbox.azure.tokens import Caller
from sandbox.clock import Clock
from sandbox.signing import SigningKey
from sandbox.store import Document, Store, Table

EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"


class Secret(Document):
    value: str
    expires: datetime


class Federation(Document):
    """A foreign token that is as good as a credential. All three are compared as they are written."""

    issuer: str
    subject: str
    audience: str = EXCHANGE_AUDIENCE


class Application(Document):
    """client_id: of the application; object_id: of its service principal. certificates: PEM."""

    client_id: str
    object_id: str
    tenant: str
    name: str
    secrets: tuple[Secret, ...] = ()
    certificates: tuple[str, ...] = ()
    federations: tuple[Federation, ...] = ()

    @property
    def caller(self) -> Caller:
        return Caller(self.object_id, self.client_id, self.tenant)


class Tenant(Document):
    id: str


class Directory:
    """home: the tenant that the subscription trusts."""

    def __init__(self, store: Store, clock: Clock, home: str) -> None:
        self._store = store
        self._clock = clock
        self._tenants = Table(store, "azure-tenant", Tenant)
        self._applications = Table(store, "azure-application", Application)
        self._machine = Table(store, "azure-machine-identity", Application)
        self._issuers: dict[str, SigningKey] = {}
        self.home = home
        if not self.has_tenant(home):
            self._tenants.put("", home, Tenant(id=home))

    def create_tenant(self) -> str:
        """The id of a tenant that the subscription does not trust."""
        tenant = Tenant(id=str(uuid.uuid4()))
        self._tenants.put("", tenant.id, tenant)
        return tenant.id

    def has_tenant(self, tenant: str) -> bool:
        return self._tenants.get("", tenant.lower()) is not None

    def register(self, name: str, tenant: str = "") -> Application:
        """A new application, in the home tenant unless another one is named."""
        application = Application(
            client_id=str(uuid.uuid4()), object_id=str(uuid.uuid4()), tenant=tenant or self.home, name=name
        )
        self._keep(application)
        return application

    def application(self, client_id: str, tenant: str) -> Application | None:
        return self._applications.get(tenant.lower(), client_id.lower())

    def applications(self) -> list[Application]:
        """Of the home tenant, in order of arrival."""
        return self._applications.all(self.home)

    def add_secret(self, application: Application, days: float = 180) -> str:
        """The value of a new client secret."""
        value = f"{secrets.token_urlsafe(3)}8Q~{secrets.token_urlsafe(25)}"
        self._add(application, "secrets", Secret(value=value, expires=self._clock.now() + timedelta(days=days)))
        return value

    def add_certificate(self, application: Application, pem: str) -> None:
        """Register the public part of a certificate; whatever else the PEM holds is not kept."""
        end = "-----END CERTIFICATE-----"
        begin = pem.index("-----BEGIN CERTIFICATE-----")
        self._add(application, "certificates", pem[begin : pem.index(end, begin) + len(end)])

    def federate(self, application: Application, issuer: str, subject: str, audience: str = EXCHANGE_AUDIENCE) -> None:
        self._add(application, "federations", Federation(issuer=issuer, subject=subject, audience=audience))

    def trust(self, issuer: str, key: SigningKey) -> None:
        """Let the tokens of an issuer be checked with its key, which Entra ID would look up at its address."""
        self._issuers[issuer] = key

    def assign_to_machine(self, application: Application) -> None:
        """Make it a managed identity of the machine that the sandbox's clients run on; the first is the default."""
        self._machine.put("", application.client_id, application)

    def of_machine(self) -> list[Application]:
        return self._machine.all("")

    def key_of(self, issuer: str) -> SigningKey | None:
        return self._issuers.get(issuer)

    def _add(self, application: Application, field: str, value: Document | str) -> None:
        with self._store.changing():
            kept = self.application(application.client_id, application.tenant)
            if kept is None:
                raise ValueError(f"There is no application {application.name!r} in this directory.")
            self._keep(kept.model_copy(update={field: (*getattr(kept, field), value)}))

    def _keep(self, application: Application) -> None:
        self._applications.put(application.tenant, application.client_id, application)
