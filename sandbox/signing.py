"""Keys that sign tokens: Entra ID's, and Azure DevOps' for the identity tokens of its jobs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sandbox.store import Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_ALGORITHM = "RS256"
# Whoever checks a token judges its times and audience with words of its own.
_UNCHECKED = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}


class SigningKey:
    """An RSA key, made when it is first used and kept with the state. Cryptography is imported then, too."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self.name = name

    def sign(self, claims: dict[str, Any]) -> str:
        """A JSON Web Token."""
        import jwt

        return jwt.encode(claims, self._private, _ALGORITHM, {"kid": self.name, "x5t": self.name})

    def claims(self, token: str) -> dict[str, Any]:
        """What a token of this key says. jwt.InvalidTokenError where it is none."""
        import jwt

        return jwt.decode(token, self._private.public_key(), [_ALGORITHM], options=_UNCHECKED)  # type: ignore[arg-type]

    @cached_property
    def _private(self) -> RSAPrivateKey:
        with self._store.changing():  # one key, whoever asks first
            return self._kept() or self._made()

    def _kept(self) -> RSAPrivateKey | None:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        pem = self._store.read(f"key/{self.name}")
        return load_pem_private_key(pem, None) if pem else None  # type: ignore[return-value]  # only RSA is written

    def _made(self) -> RSAPrivateKey:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

        key = generate_private_key(public_exponent=65537, key_size=2048)
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self._store.write(f"key/{self.name}", key.private_bytes(serialization.Encoding.PEM, *form))
        return key
