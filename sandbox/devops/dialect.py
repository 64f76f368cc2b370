"""The JSON of a browser's client: enumerations as numbers, dates as `\\/Date(ms)\\/`, lists without their envelope.

Asked for in Accept (`enumsAsNumbers`, `msDateFormat`, `noArrayWrap`, `excludeUrls`), each for itself.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox.devops.enumerations import MEMBERS
from sandbox.routing import Location
from sandbox.wire import Answer, ServiceError, parse_time

_DATE_MEMBER = re.compile(r".*(Time|Date|On)")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_MARK = uuid.uuid4().hex  # around a date until the JSON is written: no text of anybody has it
_MARKED = re.compile(rf'"{_MARK}(-?\d+)"')


@dataclass(frozen=True)
class Dialect:
    enums_as_numbers: bool = False
    ms_date_format: bool = False
    no_array_wrap: bool = False
    exclude_urls: bool = False

    @property
    def plain(self) -> bool:
        return self == Dialect()

    def spoken(self, answer: Answer, location: Location) -> Answer:
        """A JSON answer of this resource in the dialect; others as they are. ServiceError where nobody knows how."""
        if self.plain or answer.stream is not None or isinstance(answer.content, bytes | None):
            return answer
        content, members = answer.content, _members(location)
        wrapped = isinstance(content, dict) and content.keys() == {"count", "value"}
        form = self._form(content["value"] if wrapped else content, members)
        if wrapped and not self.no_array_wrap:
            form = {**content, "value": form}
        written = json.dumps(form, ensure_ascii=False)
        return replace(answer, content=_MARKED.sub(r'"\\/Date(\1)\\/"', written).encode("utf-8"))

    def _form(self, value: Any, members: Mapping[str, Any]) -> Any:
        if isinstance(value, list):
            return [self._form(each, members) for each in value]
        if isinstance(value, dict):
            kept = {key: each for key, each in value.items() if not (self.exclude_urls and key == "url")}
            return {key: self._member(key, each, members.get(key, {})) for key, each in kept.items()}
        return value

    def _member(self, name: str, value: Any, known: Mapping[str, Any]) -> Any:
        if not isinstance(value, str):
            return self._form(value, known)
        if known and self.enums_as_numbers:
            return _number(name, value, known)
        if self.ms_date_format and _DATE_MEMBER.fullmatch(name) and _DATE.fullmatch(value):
            return f"{_MARK}{int(parse_time(value).timestamp() * 1000)}"
        return value


def dialect_of(accept: str) -> Dialect:
    asked = {part.strip().lower() for part in accept.split(";")}
    return Dialect(
        enums_as_numbers="enumsasnumbers=true" in asked,
        ms_date_format="msdateformat=true" in asked,
        no_array_wrap="noarraywrap=true" in asked,
        exclude_urls="excludeurls=true" in asked,
    )


def _members(location: Location) -> Mapping[str, Any]:
    place = (location.area.lower(), location.resource.lower())
    if place not in MEMBERS:
        raise ServiceError(
            501,
            "NotImplementedInSandbox",
            f"The sandbox does not know the enumerations of {'/'.join(place)} as numbers.",
        )
    return MEMBERS[place]


def _number(name: str, value: str, enumeration: Mapping[str, Any]) -> int:
    found = {word.lower(): number for word, number in enumeration.items()}.get(value.lower())
    if not isinstance(found, int):
        raise ServiceError(501, "NotImplementedInSandbox", f"The sandbox knows no number for {name} {value!r}.")
    return found
