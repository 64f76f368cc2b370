"""What both SDKs' registries have in common: how a model's version is told apart from the others."""

from __future__ import annotations

from collections.abc import Mapping

from amltasks.platforms.registry import Model

ALIAS = "alias"  # tag: names of a version, separated by commas; the newest that has one counts
STAGE = "stage"  # tag: what the SDK v1 has no field for


def has_tags(model: Model, wanted: Mapping[str, str]) -> bool:
    """Whether it has all of them; an empty value is any value."""
    return all(name in model.tags and value in ("", model.tags[name]) for name, value in wanted.items())


def is_called(model: Model, name: str) -> bool:
    """Whether that is its stage or one of its aliases, in any case."""
    aliases = [each.strip().casefold() for each in model.tags.get(ALIAS, "").split(",")]
    return name.casefold() in (model.stage.casefold(), model.tags.get(STAGE, "").casefold(), *aliases)


def number(model: Model) -> int:
    """Its version as a number; 0 for the versions that are none."""
    return int(model.version) if model.version.isdecimal() else 0
