"""A certificate authority for one sandbox's life, and the certificates that it gives to all hosts asked for."""

from __future__ import annotations

import ssl
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import trustme


class Authority:
    """Made when it is first asked; its key never leaves memory."""

    def __init__(self) -> None:
        self._contexts: dict[str, ssl.SSLContext] = {}

    @cached_property
    def _root(self) -> trustme.CA:
        import trustme  # with its cryptography a fifth of the sandbox's start, which few need

        return trustme.CA(organization_name="Azure on loopback")

    @property
    def certificate(self) -> bytes:
        """What a client must trust, as PEM."""
        return self._root.cert_pem.bytes()

    def context(self, host: str) -> ssl.SSLContext:
        """TLS as `host` speaks it."""
        if host not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._root.issue_cert(host).configure_cert(context)
            self._contexts[host] = context
        return self._contexts[host]
