"""What a caller of an endpoint shows: one of its keys, or a token."""

from __future__ import annotations

import secrets

from sandbox.azure.resources import Resource
from sandbox.azure.tokens import AccessTokens, Caller, TokenError
from sandbox.store import Document, Store, Table

_LENGTH = 32
TOKEN_SECONDS = 12 * 3600.0
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Keys(Document):
    primary: str
    secondary: str

    @property
    def body(self) -> dict[str, str]:
        return {"primaryKey": self.primary, "secondaryKey": self.secondary}


class EndpointKeys:
    """By the endpoint's id."""

    def __init__(self, store: Store, tokens: AccessTokens, tenant: str) -> None:
        self._table = Table(store, "azure-endpoint-keys", Keys)
        self._tokens = tokens
        self._tenant = tenant

    def of(self, endpoint: Resource) -> Keys:
        """Made where there are none yet."""
        found = self._table.get("", endpoint.id.lower())
        return found or self.put(endpoint.id, _new(), _new())

    def put(self, path: str, primary: str | None, secondary: str | None) -> Keys:
        keys = Keys(primary=primary or _new(), secondary=secondary or _new())
        self._table.put("", path.lower(), keys)
        return keys

    def renew(self, endpoint: Resource, which: str, value: str | None) -> None:
        """which: Primary or Secondary. value: another one; the SDK sends the present one where it wants a new one."""
        known = self.of(endpoint)
        other = _new() if value in (None, getattr(known, which.lower())) else value
        self._table.put("", endpoint.id.lower(), known.model_copy(update={which.lower(): other}))

    def delete(self, path: str) -> None:
        self._table.delete("", path.lower())

    def token(self, endpoint: Resource, caller: Caller) -> str:
        return self._tokens.issue(caller, endpoint.id, TOKEN_SECONDS)

    def fits(self, endpoint: Resource, authorization: str) -> bool:
        """Whether a header has a key of the endpoint or a token for it, whichever the endpoint wants."""
        if endpoint.properties["authMode"] == "AMLToken":
            try:
                self._tokens.caller(authorization, [endpoint.id], self._tenant)
            except TokenError:
                return False
            return True
        scheme, _, shown = authorization.partition(" ")
        keys = self.of(endpoint)
        return scheme.lower() == "bearer" and any(
            secrets.compare_digest(shown.strip().encode(), key.encode()) for key in (keys.primary, keys.secondary)
        )


def _new() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
