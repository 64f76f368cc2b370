"""Access tokens as Entra ID signs them, and who a request speaks for."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

import jwt

from sandbox.clock import Clock
from sandbox.signing import SigningKey
from sandbox.store import Store

LIFE_SECONDS = 3599


@dataclass(frozen=True)
class Caller:
    """Who a token was issued to. object_id: what roles are assigned to; client_id: of the application."""

    object_id: str
    client_id: str
    tenant: str


class TokenError(Exception):
    """A token that a service does not take. code and message: as ARM words it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class AccessTokens:
    """life: seconds that the tokens issued from now on are good for."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._clock = clock
        self._key = SigningKey(store, "entra")
        self.life = LIFE_SECONDS

    def issue(self, caller: Caller, audience: str, lifetime: float | None = None) -> str:
        """A token for one resource, as the v1.0 endpoints' resources expect it."""
        now = int(self._clock.time())
        return self._key.sign(
            {
                "aud": audience,
                "iss": issuer(caller.tenant),
                "iat": now,
                "nbf": now,
                "exp": now + int(self.life if lifetime is None else lifetime),
                "appid": caller.client_id,
                "idtyp": "app",
                "oid": caller.object_id,
                "sub": caller.object_id,
                "tid": caller.tenant,
                "uti": uuid.uuid4().hex[:22],
                "ver": "1.0",
            }
        )

    def caller(self, authorization: str | None, audiences: Sequence[str], tenant: str) -> Caller:
        """Who an Authorization header speaks for; TokenError where it may not speak to this service."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenError("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
        try:
            claims = self._key.claims(token.strip())
        except jwt.InvalidTokenError:
            raise TokenError("InvalidAuthenticationToken", "The access token is invalid.") from None
        if claims["exp"] <= self._clock.time():
            raise TokenError(
                "ExpiredAuthenticationToken",
                f"The access token expiry UTC time '{_utc(claims['exp'])}' is earlier than current UTC time "
                f"'{_utc(self._clock.time())}'.",
            )
        if claims["aud"].rstrip("/") not in audiences:
            allowed = ",".join(f"'{each}'" for each in audiences)
            raise TokenError(
                "InvalidAuthenticationTokenAudience",
                f"The access token has been obtained for wrong audience or resource '{claims['aud']}'. It should "
                f"exactly match with one of the allowed audiences {allowed}.",
            )
        if claims["tid"] != tenant:
            raise TokenError(
                "InvalidAuthenticationTokenTenant",
                f"The access token is from the wrong issuer '{claims['iss']}'. It must match the tenant "
                f"'{issuer(tenant)}' associated with this subscription. Please use the authority (URL) "
                f"'https://login.windows.net/{tenant}' to get the token.",
            )
        return Caller(claims["oid"], claims["appid"], claims["tid"])


def issuer(tenant: str) -> str:
    return f"https://sts.windows.net/{tenant}/"


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%m/%d/%Y %I:%M:%S %p")
