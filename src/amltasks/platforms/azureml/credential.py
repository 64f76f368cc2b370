"""Credentials of the Azure SDKs for a service connection.

A token lives an hour, an assertion of Azure DevOps ten minutes: so each time a token is needed anew, a new assertion is
asked for, however long the run takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import Field

from amltasks.data import Data
from amltasks.errors import ServiceError, UserError
from amltasks.platforms.azureml.answers import may_pass
from amltasks.platforms.azureml.connection import Scheme, ServiceConnection

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_TRIES = 4
_SECONDS = 30.0


class Federation(Data):
    """Where Azure DevOps gives assertions for the service connection. token: of the job."""

    url: str
    token: str = Field(repr=False)

    def assertion(self) -> str:
        """A new one, for some minutes. Raises ServiceError."""
        failure: ServiceError | None = None
        for pause in range(_TRIES):
            if failure:
                time.sleep(failure.retry_after if failure.retry_after is not None else 2.0**pause)
            try:
                return self._asked()
            except ServiceError as error:
                if not may_pass(error.status):
                    raise
                failure = error
        assert failure
        raise failure

    def _asked(self) -> str:
        import requests  # beneath the Azure SDKs, with the proxies and certificates that they heed, too

        headers = {"Accept": "application/json", "Authorization": f"Bearer {self.token}"}
        try:
            answer = requests.post(self.url, json={}, headers=headers, timeout=_SECONDS, allow_redirects=False)
            found = answer.json().get("oidcToken") if answer.status_code == HTTPStatus.OK else None
        except (requests.RequestException, ValueError, AttributeError) as error:
            raise ServiceError(f"Azure DevOps gave no token for the service connection: {error}.") from None
        if answer.status_code != HTTPStatus.OK:
            # A token that has run out is sent to the sign-in page: 302, or 203 with its text.
            out = answer.status_code in (203, 302, 401)
            hint = " The job's own token has run out: it lasts as long as the job may." if out else ""
            after = answer.headers.get("Retry-After", "")
            raise ServiceError(
                f"Azure DevOps gave no token for the service connection: HTTP {answer.status_code}.{hint}",
                status=answer.status_code,
                request_id=answer.headers.get("ActivityId"),
                retry_after=float(after) if after.isdecimal() else None,
            )
        if not found:
            raise ServiceError("Azure DevOps gave no token for the service connection: its answer holds none.")
        return str(found)


def federation(connection: ServiceConnection, request_uri: str, token: str) -> Federation:
    """request_uri: the variable System.OidcRequestUri."""
    return Federation(url=f"{request_uri}?api-version=7.1&serviceConnectionId={connection.id}", token=token)


def credential(connection: ServiceConnection, assertion: Callable[[], str] | None = None) -> TokenCredential:
    """What signs in as the connection. assertion: gives a new one of Azure DevOps, for a federated connection.

    Raises UserError where the connection holds what cannot be a certificate.
    """
    import azure.identity as identity

    authority = urlsplit(connection.cloud.authority).netloc
    options: dict[str, Any] = {"authority": authority}
    # An authority that is not Microsoft's own cannot be looked up there.
    options["disable_instance_discovery"] = not authority.endswith(
        ("microsoftonline.com", "chinacloudapi.cn", "microsoftonline.us")
    )
    who = (connection.tenant, connection.client_id)
    found: TokenCredential
    if connection.scheme is Scheme.AMBIENT:
        found = identity.DefaultAzureCredential(authority=authority)
    elif connection.scheme is Scheme.MANAGED:
        found = identity.ManagedIdentityCredential(client_id=connection.client_id or None)
    elif connection.scheme is Scheme.SECRET:
        found = identity.ClientSecretCredential(*who, connection.secret, **options)
    elif connection.scheme is Scheme.CERTIFICATE:
        try:
            found = identity.CertificateCredential(*who, certificate_data=connection.secret.encode(), **options)
        except ValueError as error:
            raise UserError(
                f"azureSubscription: the certificate of the service connection cannot be used: {error}"
            ) from None
    else:
        assert assertion
        found = identity.ClientAssertionCredential(*who, assertion, **options)
    return found
