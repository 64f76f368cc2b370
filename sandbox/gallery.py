"""Where browsers get an extension's files: an origin of its own, as the Marketplace's, so that its pages are strangers.

The host is `<publisher>.gallerycdn.localhost`, which browsers look for on this machine without asking anybody.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from sandbox.extensions import Contribution, Extension
from sandbox.faults import Fault
from sandbox.wire import Answer
from sandbox.work import Work
from sandbox.world import World

HOST = ".gallerycdn.localhost"
PLAIN = "text/plain; charset=utf-8"


def is_gallery(request: Request) -> bool:
    return (request.url.hostname or "").endswith(HOST)


def origin_of(extension: Extension, address: str) -> str:
    """Of an extension's pages. address: the sandbox's own."""
    return f"http://{extension.publisher.lower()}{HOST}:{urlsplit(address).port}"


def base_uri(extension: Extension, address: str) -> str:
    place = "/".join(quote(part) for part in (extension.publisher, extension.short_id, extension.version))
    return f"{origin_of(extension, address)}/extensions/{place}/{extension.stamp}"


def page_address(tab: Contribution, extension: Extension, address: str) -> str:
    return f"{base_uri(extension, address)}/{tab.uri}"


class Gallery:
    """Static files of the installed extensions; only those that their packages call addressable."""

    def __init__(self, world: World) -> None:
        self._world = world

    def work(self, request: Request) -> Work:
        async def serve(request: Request) -> Answer:
            return await run_in_threadpool(self._serve, request.method, request.url.path)

        return Work("azure-devops", serve, _faulty, published=False)

    def _serve(self, method: str, path: str) -> Answer:
        if method != "GET":
            return _refusal(405)
        extension, name = self._find(path)
        if extension is None:
            return _refusal(404)
        try:
            content = self._world.extensions.file(extension, name)
        except KeyError:
            return _refusal(404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        return Answer(content, media_type=_with_charset(extension.files[name]), headers=headers)

    def _find(self, path: str) -> tuple[Extension | None, str]:
        """`/extensions/<publisher>/<extension>/<version>/<stamp>/<path>`; other versions are gone."""
        parts = path.split("/", 6)
        if len(parts) < 7 or parts[1] != "extensions":
            return None, ""
        extension = self._world.extensions.get(f"{parts[2]}.{parts[3]}")
        current = extension is not None and [extension.version, extension.stamp] == parts[4:6]
        return (extension if current else None), parts[6]


def _with_charset(kind: str) -> str:
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or kind.endswith(("javascript", "json")) else kind


def _refusal(status: int) -> Answer:
    return Answer(b"No file of an extension.", status, PLAIN)


def _faulty(fault: Fault) -> Answer:
    return Answer(fault.body.encode("utf-8"), fault.status or 503, PLAIN, fault.headers)
