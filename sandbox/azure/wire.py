"""What Azure's services and their clients exchange: calls, answers, and refusals in the form of each service."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import TypeAdapter, ValidationError

from sandbox.wire import Answer, misfits

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud
    from sandbox.azure.tokens import Caller
    from sandbox.world import World

JSON = "application/json; charset=utf-8"


class AzureError(Exception):
    """What a service says no with, in the form of ARM; other services have subclasses of it.

    code: the service's name of the error, as clients see it.
    """

    media_type = JSON

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    @property
    def body(self) -> Any:
        """As JSON, or bytes of the media type; the SDK v1 cannot print an error without details."""
        return {"error": {"code": self.code, "message": self.message, "details": []}}

    @property
    def answer(self) -> Answer:
        return Answer(self.body, self.status, self.media_type, self.headers)


def reply(content: Any = None, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer."""
    return Answer(content, status, JSON, dict(headers or {}))


Shape = TypeVar("Shape")


@dataclass(frozen=True)
class Call:
    """One request that reached its route and may be carried out.

    host: without port; path: decoded; values: from the host and the path; query: names in lower case. version: the
    api-version, empty where the service has none. caller: None where a service asks for no token.
    """

    world: World
    method: str
    host: str
    path: str
    values: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    version: str
    caller: Caller | None
    error: type[AzureError] = AzureError
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def azure(self) -> Cloud:
        return self.world.azure

    @property
    def caller_id(self) -> str:
        """The object id of who asks."""
        return self.caller.object_id if self.caller else ""

    def json(self, shape: type[Shape] | Any) -> Shape:
        """The body as a model (see sandbox.wire.Wire); what does not fit is refused by name."""
        media_type = self.headers.get("content-type", "")
        if "json" not in media_type.lower():
            raise self.error(415, "UnsupportedMediaType", f"The content media type '{media_type}' is not supported.")
        try:
            return TypeAdapter(shape).validate_json(self.body)  # type: ignore[no-any-return]
        except ValidationError as error:
            message = f"The request content was invalid and could not be deserialized: {misfits(error)}"
            raise self.error(400, "InvalidRequestContent", message) from None

    def form(self, *known: str) -> dict[str, str]:
        """The fields of a posted form; those not known are refused by name."""
        fields = dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        unknown = sorted(set(fields) - set(known))
        if unknown:
            raise self.error(400, "invalid_request", f"Fields unknown to this operation: {', '.join(unknown)}.")
        return fields

    def number(self, name: str, default: int) -> int:
        """A whole number from 1, from the query."""
        text = self.query.get(name.lower(), "")
        if not text:
            return default
        if not re.fullmatch(r"[1-9]\d{0,8}", text):
            raise self.error(400, "BadRequest", f"The query parameter {name} takes a whole number, not '{text}'.")
        return int(text)
