"""The chain of a model, both ways: model → run → build → commit → data, and the models of a run, build or commit."""

from __future__ import annotations

from collections.abc import Iterator

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.models.lineage import BUILD, BUILD_NUMBER, COMMIT, RUN_ID, origin_of
from amltasks.models.measured import from_properties
from amltasks.models.named import named_model
from amltasks.platforms.registry import Model, Registry
from amltasks.quoting import quoted

_LEAST_OF_COMMIT = 7  # digits


class Question(Data):
    """What is asked for; one of the four is given. model: see `models.named`."""

    model: str = ""
    build: str = ""
    commit: str = ""
    run: str = ""


class Trace(Data):
    """chain: name → what is known, from the run to the data. links: where to look."""

    model: str
    registered: str = ""
    chain: dict[str, str] = {}
    metrics: dict[str, float] = {}
    links: dict[str, str] = {}

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        metrics = " ".join(f"{name}={value:.6g}" for name, value in self.metrics.items())
        known = {"Registered": self.registered, **self.chain, "Metrics": metrics, **self.links}
        return tuple((name, value) for name, value in known.items() if value)


def trace(registry: Registry, question: Question) -> tuple[Trace, ...]:
    """The newest first; none where no model comes from there. Raises UserError for a model that is not there."""
    if sum(map(bool, (question.model, question.build, question.commit, question.run))) != 1:
        raise UserError("Name a model, or one of --build, --commit and --of-run.")
    if question.commit and len(question.commit) < _LEAST_OF_COMMIT:
        raise UserError(f"--commit: {quoted(question.commit)} is too short: write at least {_LEAST_OF_COMMIT} digits.")
    found = [named_model(registry, question.model)] if question.model else list(_models(registry, question))
    return tuple(_traced(registry, model) for model in found)


def _models(registry: Registry, question: Question) -> Iterator[Model]:
    if question.commit:
        for model in registry.versions("", {COMMIT: ""}):
            if model.tags[COMMIT].startswith(question.commit.lower()):
                yield model
    elif question.build:
        seen = set()
        for tag in (BUILD, BUILD_NUMBER):
            for model in registry.versions("", {tag: question.build}):
                if model.id not in seen:
                    seen.add(model.id)
                    yield model
    else:
        yield from (model for model in registry.versions("", {RUN_ID: ""}) if _is_of_run(model, question.run))


def _is_of_run(model: Model, run: str) -> bool:
    """A run on this machine may be named by its folder of results alone."""
    ids = {model.run, model.tags.get(RUN_ID, "")}
    return run in ids or any(each.partition("#")[0] == run for each in ids)


def _traced(registry: Registry, model: Model) -> Trace:
    chain = origin_of(model)
    build, project = model.tags.get(BUILD, ""), model.tags.get("amltasks.project", "")
    collection = model.tags.get("amltasks.collection", "").rstrip("/")
    links = {
        "Page of the model": model.page,
        "Page of the run": registry.run_page(model.run) if model.run else "",
        "Page of the build": f"{collection}/{project}/_build/results?buildId={build}" if collection and build else "",
    }
    return Trace(
        model=model.id,
        registered=model.created_at.isoformat(timespec="seconds") if model.created_at else "",
        chain=chain,
        metrics={name: each.value for name, each in from_properties(model).items()},
        links={name: place for name, place in links.items() if place},
    )
