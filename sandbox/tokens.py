"""The tokens that the sandbox accepts, as Bearer or as the password of Basic authentication."""

from __future__ import annotations

import base64
import binascii
import secrets
import time

from sandbox.store import Document, Store, Table


class Token(Document):
    """expires: seconds since the epoch; scopes: all that it may do, None for everything."""

    identity: str
    expires: float
    scopes: tuple[str, ...] | None = None


class Tokens:
    def __init__(self, store: Store) -> None:
        self._table = Table(store, "token", Token)

    def issue(self, identity: str, lifetime: float = 3600, scopes: tuple[str, ...] | None = None) -> str:
        """A new token for an identity, accepted for so many seconds, for everything unless scopes are given."""
        value = secrets.token_urlsafe(48)
        self._table.put("", value, Token(identity=identity, expires=time.time() + lifetime, scopes=scopes))
        return value

    def revoke(self, token: str) -> None:
        self._table.delete("", token)

    def find(self, authorization: str | None) -> Token | None:
        """What an Authorization header speaks for; None where it is absent, malformed, unknown or expired."""
        token = self._table.get("", _token_of(authorization or ""))
        return token if token is not None and token.expires > time.time() else None

    def identity(self, authorization: str | None) -> str | None:
        """Who an Authorization header speaks for; None as with `find`."""
        token = self.find(authorization)
        return None if token is None else token.identity


def _token_of(authorization: str) -> str:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""
