"""What a service and its clients exchange: calls, answers, errors in the service's own form, and strict JSON models."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Strict, TypeAdapter, ValidationError, model_validator
from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    from sandbox.routing import Location
    from sandbox.world import World


class ServiceError(Exception):
    """A refusal. type_key: the service's name of the error, as clients see it in `typeKey`."""

    def __init__(self, status: int, type_key: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.type_key = type_key
        self.message = message

    @property
    def body(self) -> dict[str, Any]:
        return {
            "$id": "1",
            "innerException": None,
            "message": self.message,
            "typeName": f"Microsoft.TeamFoundation.{self.type_key}, Microsoft.TeamFoundation",
            "typeKey": self.type_key,
            "errorCode": 0,
            "eventId": 3000,
        }


def bad_request(message: str) -> ServiceError:
    return ServiceError(400, "VssPropertyValidationException", message)


def one_of(*values: str) -> BeforeValidator:
    """For `Annotated[str, …]`: an enumeration, which the service reads without regard to case."""
    spelling = {word.lower(): word for word in values}

    def spelled(value: Any) -> str:
        found = spelling.get(value.lower()) if isinstance(value, str) else None
        if found is None:
            raise ValueError(f"{value!r} is none of {', '.join(values)}")
        return found

    return BeforeValidator(spelled)


def _time(value: Any) -> Any:
    if isinstance(value, str):
        return parse_time(value)
    return value


Text = Annotated[str, Strict()]
Integer = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]
Time = Annotated[datetime, BeforeValidator(_time), Strict()]


class Wire(BaseModel):
    """JSON as it travels: camelCase names in any case, unknown members refused, no conversion between JSON types.

    Fields are of the types above, other models, and tuples of them.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _any_case(cls, data: Any) -> Any:
        """Names are compared without regard to case, and `null` is the same as absent, as the service does."""
        if not isinstance(data, dict):
            return data
        spelled = {(each.alias or name).lower(): each.alias or name for name, each in cls.model_fields.items()}
        return {spelled.get(name.lower(), name): value for name, value in data.items() if value is not None}

    def json_form(self) -> dict[str, Any]:
        """As it is sent: what is unset or null is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


Shape = TypeVar("Shape")


@dataclass(frozen=True)
class Call:
    """One request that reached its route. values: from the route; query: names in lower case; path: decoded.

    root: of the path what names the collection, like `/sandbox`; empty where the host does.
    """

    world: World
    method: str
    base_url: str  # scheme and host, no slash at the end
    values: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    identity: str
    locations: Sequence[Location] = ()  # of all resources that are played
    root: str = ""

    def json(self, shape: type[Shape] | Any) -> Shape:
        """The request's body as a model or a list of models; what does not fit is refused by name."""
        media_type = self.headers.get("content-type", "")
        if "application/json" not in media_type.lower():
            raise ServiceError(
                415,
                "VssRequestContentTypeNotSupportedException",
                f'The request indicated a Content-Type of "{media_type}" for method type "{self.method}" which is not '
                "supported. Valid content types for this method are: application/json.",
            )
        try:
            return TypeAdapter(shape).validate_json(self.body)  # type: ignore[no-any-return]
        except ValidationError as error:
            raise bad_request(misfits(error)) from None

    def number(self, name: str, default: int) -> int:
        """A whole number that is not negative, from the query."""
        text = self.query.get(name.lower())
        if text is None or text == "":
            return default
        if not text.isdecimal():
            raise bad_request(f"The value {text!r} of the query parameter {name} is not a whole number from 0.")
        return int(text)

    def optional_flag(self, name: str) -> bool | None:
        text = self.query.get(name.lower())
        if not text:
            return None
        if text.lower() not in ("true", "false"):
            raise bad_request(f"The value {text!r} of the query parameter {name} is neither true nor false.")
        return text.lower() == "true"

    def flag(self, name: str, default: bool = False) -> bool:
        found = self.optional_flag(name)
        return default if found is None else found

    def time(self, name: str) -> datetime | None:
        text = self.query.get(name.lower())
        if not text:
            return None
        try:
            return parse_time(text)
        except ValueError:
            raise bad_request(f"The value {text!r} of the query parameter {name} is no ISO 8601 time.") from None

    def names(self, name: str) -> list[str]:
        """A comma-separated list from the query."""
        return [part.strip() for part in self.query.get(name.lower(), "").split(",") if part.strip()]

    def id(self, name: str) -> int:
        """A whole number from the route."""
        if not self.values[name].isdecimal():
            raise bad_request(f"{self.values[name]!r} is not a valid {name}.")
        return int(self.values[name])

    @property
    def collection_url(self) -> str:
        return f"{self.base_url}{self.root}"

    @property
    def on_premises(self) -> bool:
        return self.root.lower().startswith("/tfs/")

    @property
    def project_url(self) -> str:
        return f"{self.collection_url}/{self.world.project.id}"


@dataclass(frozen=True)
class Answer:
    """What is sent back. content: a JSON value, or bytes that go out as they are under `media_type`.

    stream: what goes out instead, under a media type among the headers. private: members, wherever in it and in the
    request, whose values the journal does not get.
    """

    content: Any = None
    status: int = 200
    media_type: str = "application/json; charset=utf-8; api-version=7.1"
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: AsyncIterator[bytes] | None = None
    private: Sequence[str] = ()

    @property
    def body(self) -> bytes:
        if isinstance(self.content, bytes):
            return self.content
        return b"" if self.content is None else json.dumps(self.content, ensure_ascii=False).encode("utf-8")


def api_version(query: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    """The version that a request names in its query or in Accept."""
    for name, text in query.items():
        if name.lower() == "api-version":
            return text
    found = re.search(r"api-version=([^;,\s]+)", headers.get("accept", ""), re.IGNORECASE)
    return found[1] if found else None


def collection(items: list[Any]) -> dict[str, Any]:
    """The envelope of every list."""
    return {"count": len(items), "value": items}


def without_null(body: Mapping[str, Any]) -> dict[str, Any]:
    """As the service answers: what has no value is left out."""
    return {name: value for name, value in body.items() if value is not None}


def parse_time(text: str) -> datetime:
    """ISO 8601 with any number of fractional digits; a time without zone is UTC. ValueError where it is none."""
    text = re.sub(r"(\.\d{6})\d+", r"\1", text.strip()).replace("Z", "+00:00").replace("z", "+00:00")
    text = re.sub(r"\.(\d{1,6})", lambda found: "." + found[1].ljust(6, "0"), text)
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def format_time(time: datetime | None) -> str | None:
    """A UTC time as the service writes it."""
    if time is None:
        return None
    return time.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def misfits(error: ValidationError) -> str:
    """One sentence for all that does not fit, unknown members first."""
    unknown, others = [], []
    for fault in error.errors(include_url=False, include_input=False):
        where = ".".join(str(part) for part in fault["loc"]) or "body"
        if fault["type"] == "extra_forbidden":
            unknown.append(where)
        else:
            others.append(f"{where}: {fault['msg']}")
    sentences = [f"Members unknown to this operation, or not played: {', '.join(unknown)}."] if unknown else []
    return " ".join([*sentences, *(f"{other}." for other in others)])
