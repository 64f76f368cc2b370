"""One client's connection: an ordinary one, or a proxy's, whose TLS ends here."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

_CONNECT = re.compile(rb"CONNECT (?P<host>[^\s:/]+):(?P<port>\d+) HTTP/1\.[01]\r\n", re.IGNORECASE)
_HEAD_BYTES = 64 * 1024


class Connection(H11Protocol):
    """Hands the application its transport, so that a fault can reset it, and the host that a client asked a proxy for.

    `CONNECT host:443` is answered as a proxy does, but nothing is connected: TLS ends here, by a certificate of the
    world's own authority for that host, and what the client then sends is a request like any other.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._construction = (arguments, named)
        self._unread = b""  # what came before anybody could read it
        self._first = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)
        if self._unread:
            data, self._unread = self._unread, b""
            self.data_received(data)

    def data_received(self, data: bytes) -> None:
        if self.transport is None:  # the first request may come with the last bytes of the TLS handshake
            self._unread += data
            return
        self._acknowledge()
        if not self._first:
            super().data_received(data)
            return
        head = self._unread + data
        if b"CONNECT ".startswith(head[:8].upper()) and b"\r\n\r\n" not in head and len(head) < _HEAD_BYTES:
            self._unread = head
            return
        self._first, self._unread = False, b""
        asked = _CONNECT.match(head)
        if asked:
            self.transport.pause_reading()  # until TLS reads
            self.tasks.add(task := self.loop.create_task(self._end_tls(asked["host"].decode("ascii", "replace"))))
            task.add_done_callback(self.tasks.discard)
        else:
            super().data_received(head)

    def shutdown(self) -> None:
        """An idle connection is closed; no client is waited for to say goodbye as well, as TLS would have it."""
        super().shutdown()
        if self.transport.is_closing():
            self.transport.abort()

    def _acknowledge(self) -> None:
        """At once what came: clients of a proxy wait for it before they send the body after the head, 40 ms long."""
        if hasattr(socket, "TCP_QUICKACK") and not self.transport.is_closing():  # Linux forgets it after every answer
            self.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    async def _end_tls(self, host: str) -> None:
        """Go on as a connection to `host`, encrypted."""
        plain = self.transport
        world = self.config.app.world  # type: ignore[union-attr]
        try:
            context = world.authority.context(host.lower())
        except ValueError:  # no certificate can be for it
            plain.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            plain.close()
            return
        plain.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        arguments, named = self._construction
        inner = type(self)(*arguments, **named)
        inner.app_state = {**self.app_state, "host": host.lower()}
        self.connections.discard(self)
        try:
            encrypted = await self.loop.start_tls(plain, inner, context, server_side=True)
        except OSError:  # the client went away, or does not trust the authority: it knows why
            plain.abort()
            return
        if encrypted is not None:
            inner.connection_made(encrypted)
