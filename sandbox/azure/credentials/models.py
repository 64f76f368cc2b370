"""What clients send about secrets."""

from __future__ import annotations

from sandbox.wire import Text, Wire


class NamedSecret(Wire):
    name: Text


class SecretBody(NamedSecret):
    value: Text
    content_type: Text | None = None


class SecretBatch(Wire):
    secrets: tuple[SecretBody, ...]


class NameBatch(Wire):
    secrets: tuple[NamedSecret, ...]
