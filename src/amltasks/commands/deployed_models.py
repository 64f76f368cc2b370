"""Which models are to be deployed: by name and version, by the latest version, by alias, or as a build tells it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from amltasks.errors import UserError
from amltasks.models.metadata import ARTIFACT, NAME, read_metadata
from amltasks.models.named import named_model
from amltasks.platforms.registry import Model, Registry


def find_models(registry: Registry, words: Sequence[str], metadata: Path | None, places: Sequence[Path]) -> list[Model]:
    """words: `name:version`, `name` for the latest one, `name@alias`; none for what the metadata names.

    places: where an artifact with metadata is looked for where none is named. Raises UserError.
    """
    if words and metadata is not None:
        raise UserError("model and modelMetadata: say which model in one of them.")
    if not words:
        place = metadata or downloaded(places)
        if place is None:
            raise UserError(
                f"model: name one as NAME:VERSION, NAME or NAME@ALIAS, or have the artifact {ARTIFACT} downloaded, "
                "which RegisterModel publishes: no build of this pipeline has one."
            )
        words = [read_metadata(place).model]
    return [named_model(registry, word) for word in words]


def downloaded(places: Sequence[Path]) -> Path | None:
    """The metadata of a model, where an artifact with them lies in one of the places."""
    for place in places:
        found = next((path for path in (place / ARTIFACT / NAME, place / NAME) if path.is_file()), None)
        found = found or next(iter(sorted(place.glob(f"*/{ARTIFACT}/{NAME}"))), None)
        if found:
            return found
    return None
