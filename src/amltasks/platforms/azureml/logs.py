"""Logs of jobs, read from the workspace's storage while they grow.

The SDKs' own log streams ask for one job alone, and that of v2 fails with datastores that have SAS or identities
instead of keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from amltasks.platforms.azureml.answers import MAY_PASS, answered

if TYPE_CHECKING:
    from azure.core import PipelineClient

_HTTP_OK = 200
_NOTHING_NEW = (404, 416)  # no log yet; or it ends where we are
MOST_BYTES = 4 << 20  # of a log in one request


class Logs:
    """By their addresses, which are signed; `close` must be called."""

    def read(self, address: str, start: int) -> bytes:
        """What a log holds from a byte on, as far as one answer goes; empty where there is nothing new.

        Retries what may be retried. Raises ServiceError, UserError.
        """
        from azure.core.rest import HttpRequest

        end = start + MOST_BYTES - 1
        headers = {"Range": f"bytes={start}-{end}", "x-ms-version": "2021-12-02"}
        with answered("The job's log could not be read"):
            answer = self._storage.send_request(HttpRequest("GET", address, headers=headers))
            if answer.status_code in _NOTHING_NEW:
                return b""
            answer.raise_for_status()
            content: bytes = answer.content
            # A service that does not know ranges sends all of it.
            return content[start:] if answer.status_code == _HTTP_OK else content

    def pieces(self, address: str) -> Iterator[bytes]:
        """The whole of a file that is no longer written. Raises ServiceError, UserError."""
        from azure.core.rest import HttpRequest

        with answered("A file of the run could not be read"):
            answer = self._storage.send_request(HttpRequest("GET", address), stream=True)
            answer.raise_for_status()
            yield from answer.iter_bytes()

    def close(self) -> None:
        if "_storage" in self.__dict__:
            self._storage.close()

    @cached_property
    def _storage(self) -> PipelineClient[Any, Any]:
        from azure.core import PipelineClient
        from azure.core.pipeline import policies

        retries = policies.RetryPolicy(retry_total=3, retry_on_status_codes=MAY_PASS)
        return PipelineClient("https://storage", policies=[policies.UserAgentPolicy("amltasks"), retries])
