"""How a model came to be, as links in the order of their making: data, training, the model itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from amltasks.report.checks import ChainLink

DATA, TRAINING, MODEL, ENDPOINT = "Data", "Training", "Model", "Endpoint"
_OF_TRAINING = (
    "Notebook", "Run", "Build", "Parameter set", "Parameters", "Pipeline", "Repository", "Branch", "Commit",
    "Pull request", "Environment",
)  # fmt: skip
_OF_MODEL = ("Gate", "Compared with", "Overridden", "Content")


def chain_of(model: str, origin: Mapping[str, str]) -> Iterator[ChainLink]:
    """As far as it is known. model: how it is called. origin: see `lineage.origin_of`."""
    for name, version in _pairs(origin.get("Data", "")):
        yield ChainLink(kind=DATA, name=name, facts={"Version": version} if version else {})
    training = {name: origin[name] for name in _OF_TRAINING if name in origin}
    if training:
        yield ChainLink(kind=TRAINING, name=next(iter(training.values())), facts=training)
    yield ChainLink(kind=MODEL, name=model, facts={name: origin[name] for name in _OF_MODEL if name in origin})


def _pairs(tag: str) -> Iterator[tuple[str, str]]:
    """Of a tag with JSON, which may have been cut: it is one piece of data then."""
    if not tag:
        return
    try:
        yield from ((str(name), str(version)) for name, version in json.loads(tag).items())
    except (ValueError, AttributeError):
        yield tag, ""
