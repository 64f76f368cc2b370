"""The model that a new one has to be better than: latest, stage:NAME, alias:NAME, tag:KEY=VALUE or version:N."""

from __future__ import annotations

from typing import Literal

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.platforms.registry import Model, Registry
from amltasks.quoting import quoted

Kind = Literal["latest", "stage", "alias", "tag", "version"]
_KINDS: dict[str, Kind] = {"stage": "stage", "alias": "alias", "tag": "tag", "version": "version"}


class Champion(Data):
    """value: of a tag; empty for any."""

    kind: Kind = "latest"
    name: str = ""
    value: str = ""


def parse_champion(text: str) -> Champion:
    """Of the input `champion`; empty is the latest. Raises UserError."""
    if text.strip().lower() in ("", "latest"):
        return Champion()
    word, _, rest = (part.strip() for part in text.partition(":"))
    kind = _KINDS.get(word.lower())
    name, _, value = (part.strip() for part in rest.partition("=")) if kind == "tag" else (rest, "", "")
    if kind is None or not name:
        raise UserError(
            f"champion: {quoted(text)} is none of latest, stage:NAME, alias:NAME, tag:KEY=VALUE and version:NUMBER."
        )
    return Champion(kind=kind, name=name, value=value)


def find_champion(registry: Registry, model: str, champion: Champion, own: Model | None) -> Model | None:
    """None where nothing is registered that it could be.

    own: what this step has registered in an earlier try, which is not its own champion, nor is what came after it.
    Raises UserError where a version is named that is not there.
    """
    if champion.kind == "version":
        found = registry.get(model, champion.name)
        if found is None:
            raise UserError(f"champion: there is no version {quoted(champion.name)} of the model {quoted(model)}.")
        return found
    if champion.kind in ("stage", "alias"):
        found = registry.get(model, champion.name)
        return None if found and own and found.version == own.version else found
    tags = {champion.name: champion.value} if champion.kind == "tag" else {}
    versions = registry.versions(model, tags)
    if own is not None:
        known = list(versions)
        at = next((number for number, each in enumerate(known, 1) if each.version == own.version), 0)
        versions = iter(known[at:])
    return next(versions, None)
