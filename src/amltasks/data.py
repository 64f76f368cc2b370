"""The base of every data model: immutable, strict about names, camelCase in JSON and YAML."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Data(BaseModel):
    """Frozen; unknown names are refused; `model_dump(mode="json", by_alias=True)` gives the JSON form."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)
