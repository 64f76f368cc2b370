"""What Entra ID refuses, by its AADSTS codes."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any

from sandbox.azure.wire import AzureError

_WRONG_TENANT = (
    "This can happen if the application has not been installed by the administrator of the tenant or consented to by "
    "any user in the tenant. You may have sent your authentication request to the wrong tenant."
)
_FEDERATION = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
_CERTIFICATES = "https://learn.microsoft.com/entra/identity-platform/certificate-credentials"


class EntraError(AzureError):
    """code: of OAuth 2.0, like `invalid_client`; number: of AADSTS; now: the time that it tells."""

    def __init__(
        self, status: int, code: str, message: str, *, number: int = 90014, now: datetime | None = None
    ) -> None:
        super().__init__(status, code, message)
        self.number = number
        self.now = now or datetime.now(timezone.utc)

    @property
    def body(self) -> dict[str, Any]:
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        timestamp = self.now.strftime("%Y-%m-%d %H:%M:%SZ")
        return {
            "error": self.code,
            "error_description": f"AADSTS{self.number}: {self.message} Trace ID: {trace} Correlation ID: {correlation} "
            f"Timestamp: {timestamp}",
            "error_codes": [self.number],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }


def tenant_not_found(tenant: str) -> EntraError:
    return EntraError(
        400,
        "invalid_request",
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant.",
        number=90002,
    )


def unknown_application(client_id: str, tenant: str) -> EntraError:
    message = f"Application with identifier '{client_id}' was not found in the directory '{tenant}'. {_WRONG_TENANT}"
    return EntraError(400, "unauthorized_client", message, number=700016)


def missing_field(name: str) -> EntraError:
    message = f"The required field '{name}' is missing from the credential. Ensure that you have all the necessary "
    return EntraError(400, "invalid_request", message + "parameters for the login request.", number=90014)


def unsupported_grant(grant: str) -> EntraError:
    return EntraError(
        400, "unsupported_grant_type", f"The app requested an unsupported grant type '{grant}'.", number=70003
    )


def bad_scope(scope: str) -> EntraError:
    return EntraError(
        400,
        "invalid_scope",
        f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
        "/.default suffixed to the resource identifier (application ID URI).",
        number=1002012,
    )


def unknown_resource(resource: str, tenant: str) -> EntraError:
    message = f"The resource principal named {resource} was not found in the tenant named {tenant}. {_WRONG_TENANT}"
    return EntraError(400, "invalid_resource", message, number=500011)


def no_credential() -> EntraError:
    message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
    return EntraError(401, "invalid_client", message, number=7000218)


def wrong_secret(client_id: str) -> EntraError:
    return EntraError(
        401,
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
        f"the client secret ID, for a secret added to app '{client_id}'.",
        number=7000215,
    )


def expired_secret(client_id: str) -> EntraError:
    return EntraError(
        401,
        "invalid_client",
        f"The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create new keys "
        "for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: "
        "https://aka.ms/certCreds.",
        number=7000222,
    )


def bad_assertion(reason: str) -> EntraError:
    return EntraError(401, "invalid_client", f"Client assertion failed signature validation. {reason}", number=7000214)


def unknown_certificate(thumbprint: str) -> EntraError:
    return EntraError(
        401,
        "invalid_client",
        "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - "
        f"The key was not found., Thumbprint of key used by client: '{thumbprint}']",
        number=700027,
    )


def wrong_audience(audience: str) -> EntraError:
    return EntraError(
        401,
        "invalid_client",
        f"Client assertion audience claim does not match Realm issuer. Presented audience: '{audience}'. Review the "
        f"documentation at {_CERTIFICATES} .",
        number=700023,
    )


def not_in_time(now: datetime, begins: datetime, ends: datetime) -> EntraError:
    return EntraError(
        401,
        "invalid_client",
        f"Client assertion is not within its valid time range. Current time: {_precise(now)}, assertion valid from "
        f"{_precise(begins)}, expiry time of assertion {_precise(ends)}. Review the documentation at {_CERTIFICATES} .",
        number=700024,
        now=now,
    )


def no_federation(what: str, presented: str) -> EntraError:
    """what: of a foreign token matches no federation: issuer, audience or subject."""
    return EntraError(
        401,
        "invalid_client",
        f"No matching federated identity record found for presented assertion {what} '{presented}'. Please check your "
        f"federated identity credential Subject, Audience and Issuer against the presented assertion. {_FEDERATION}",
        number={"issuer": 700211, "audience": 700212, "subject": 700213}[what],
    )


def _precise(time: datetime) -> str:
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
