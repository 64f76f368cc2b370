"""A model as people name it: `name:version`, `name@alias`, or `name` for its latest version."""

from __future__ import annotations

from amltasks.errors import UserError
from amltasks.platforms.registry import Model, Registry
from amltasks.quoting import listed, quoted

_SHOWN = 5  # versions that there are, in an error


def named_model(registry: Registry, text: str) -> Model:
    """Raises UserError, with the versions that there are, where there is none."""
    at, colon = text.partition("@"), text.partition(":")
    name, version = (at[0], at[2]) if at[1] else (colon[0], colon[2])
    model = registry.get(name, version) if version else next(registry.versions(name), None)
    if model is not None:
        return model
    there = [each.version for each, _ in zip(registry.versions(name), range(_SHOWN + 1), strict=False)]
    if not there:
        raise UserError(f"model: there is no model {quoted(name)}.")
    raise UserError(f"model: {quoted(name)} has no version {quoted(version)}; there are {listed(there, _SHOWN)}.")
