"""Register a model: a request and an open registry in, what came of it and a report of checks out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from amltasks.commands.register_model_request import RegisterModelRequest
from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.models.chain import chain_of
from amltasks.models.content import content_hash, tracked_pickles
from amltasks.models.lineage import Lineage, origin_in, origin_of
from amltasks.models.measured import Measured, first_found, from_file, from_run, from_scraps
from amltasks.models.metadata import ModelMetadata
from amltasks.models.registration import Candidate, Registration, register
from amltasks.models.trained import HASH_SCRAP, left_by, model_of, result_of
from amltasks.platforms.azureml.step import is_job_of
from amltasks.platforms.registry import Registry
from amltasks.quoting import listed, quoted
from amltasks.report.checks import CheckReport, ComparedMetric
from amltasks.report.model import NotebookResult
from amltasks.report.results_file import read_results
from amltasks.requests import Platform

Tell = Callable[[str], None]


class Registered(Data):
    """What became of a request, for people (report) and for what comes after it (metadata, None without a model).

    warnings: a sentence each; they are among the report's notes, too.
    """

    registration: Registration
    report: CheckReport
    warnings: tuple[str, ...] = ()
    metadata: ModelMetadata | None


class _Source(Data):
    """Where the model was found.

    run: empty where it is from none. output: its path among what the run has left, empty where it was found elsewhere.
    result: of the notebook that made it.
    """

    path: Path
    run: str = ""
    output: str = ""
    result: NotebookResult | None = None


def register_model(
    request: RegisterModelRequest,
    registry: Registry,
    build: Mapping[str, str],
    scratch: Path,
    tell: Tell,
    redact: Callable[[Any], Any] = lambda value: value,
) -> Registered:
    """build: what is known of the step, see `models.lineage`. scratch: an empty folder for what is downloaded.
    redact: takes secrets out of a JSON-like value.

    Raises UserError where there is no such model, run or result, and ServiceError.
    """
    began = datetime.now(timezone.utc)
    source = _source(request, registry, scratch)
    warnings = _tracked(request, source)
    found = _measurements(request, registry, source, scratch)
    said_by, expected = _expected(request, source.result)
    candidate = Candidate(
        name=request.name,
        path=source.path,
        kind=request.kind,
        description=request.description,
        tags=request.tags,
        properties=request.properties,
        framework=request.framework,
        framework_version=request.framework_version,
        run=source.run,
        output=source.output,
        expected_hash=expected,
        hash_said_by=said_by,
    )
    lineage = Lineage(
        build=redact(dict(build)),
        run=source.run,
        notebook=source.result.notebook if source.result else "",
        parameter_set=source.result.parameter_set if source.result else "",
        parameters=redact(source.result.parameters) if source.result else {},
        data=request.data,
        environment=request.environment,
        hash=content_hash(source.path),
    )
    tell(f"{request.name}: {source.path.name} from {_origin(source)}, content {lineage.hash[:16]}…")
    done = register(registry, candidate, found, request.gate, lineage)
    tell(done.message)
    model = done.model.id if done.model else f"{request.name}, not registered"
    origin = origin_of(done.model) if done.model else origin_in(lineage.tags())
    compared = {"Compared with": done.champion.id} if done.champion and done.comparison else {}
    report = CheckReport(
        title=f"Register {request.name}",
        checks=done.checks,
        started_at=began,
        finished_at=datetime.now(timezone.utc),
        verdict=done.message,
        metrics=tuple(_metrics(done, found)),
        chain=tuple(chain_of(model, origin)),
        facts={"Model": model, "Verdict": done.verdict or "no gate", **compared, **origin},
        notes=(*warnings, done.message),
        links={"Model": done.model.page} if done.model and done.model.page else {},
    )
    metadata = _metadata(request, done, lineage, found)
    return Registered(registration=done, report=report, warnings=warnings, metadata=metadata)


def _source(request: RegisterModelRequest, registry: Registry, scratch: Path) -> _Source:
    result = result_of(read_results(request.results), request.notebook) if request.results else None
    if result is not None and (not request.runs or left_by(result, request.path, request.root)):
        path = model_of(result, request.path, request.root)
        return _Source(path=path, run=_run_of(request, result), result=result)
    if request.runs:
        run, path = _output(registry, request.runs, request.path, scratch / "model")
        return _Source(path=path, run=run, output=request.path, result=result)
    path = request.root / request.path
    if not path.exists():
        raise UserError(f"path: there is no {quoted(request.path)} in the repository's folder: was it made before?")
    return _Source(path=path)


def _run_of(request: RegisterModelRequest, result: NotebookResult) -> str:
    """In which the notebook ran: on this machine its result, elsewhere its job, or the one that is called after it."""
    if request.platform is Platform.AGENT:
        return f"{request.results}#{result.run_id}"
    if result.job:
        return result.job
    called = [run for run in request.runs if len(request.runs) == 1 or is_job_of(result.run_id, run)]
    return called[0] if called else ""


def _output(registry: Registry, runs: tuple[str, ...], path: str, folder: Path) -> tuple[str, Path]:
    """Of several runs the one that has left the path. Raises UserError where none has, or more than one."""
    found: dict[str, Path] = {}
    refusals: list[UserError] = []
    for number, run in enumerate(runs):
        try:
            found[run] = registry.output(run, path, folder / str(number))
        except UserError as error:
            refusals.append(error)
    if not found:
        raise refusals[0]
    if len(found) > 1:
        raise UserError(f"run: {quoted(path)} was left by each of {listed(found)}: say of which the model is.")
    return next(iter(found.items()))


def _origin(source: _Source) -> str:
    if source.result is not None:
        return source.result.title
    return f"the run {source.run}" if source.run else "the repository's folder"


def _tracked(request: RegisterModelRequest, source: _Source) -> tuple[str, ...]:
    """A sentence where the model is a file of the repository instead of one that was trained. Raises UserError."""
    tracked = () if source.output else tracked_pickles(source.path)
    if not tracked:
        return ()
    sentence = (
        f"path: {listed(tracked)} is checked in to the repository, and what is registered should be what a run has "
        "trained: take it out of the repository and name it in .gitignore."
    )
    if request.refuse_tracked:
        raise UserError(sentence)
    return (sentence,)


def _measurements(
    request: RegisterModelRequest, registry: Registry, source: _Source, scratch: Path
) -> dict[str, Measured]:
    """The file before the run, before its children, before scraps."""
    from_metrics_file: dict[str, Measured] = {}
    if request.metrics_file:
        if source.output:
            path = registry.output(source.run, request.metrics_file, scratch / "metrics")
        elif source.result is not None:
            path = model_of(source.result, request.metrics_file, request.root)
        else:
            path = request.root / request.metrics_file
        from_metrics_file = from_file(path, request.metrics_file)
    logged = from_run(registry.metrics(source.run), source.run) if request.runs and source.run else {}
    return first_found(from_metrics_file, logged, from_scraps(source.result) if source.result else {})


def _expected(request: RegisterModelRequest, result: NotebookResult | None) -> tuple[str, str]:
    """Who says what the content's hash is, and the hash."""
    if request.expected_hash:
        return "expectedHash", request.expected_hash
    said = result.scraps.get(HASH_SCRAP) if result else None
    return (f"the scrap {HASH_SCRAP}", said) if isinstance(said, str) and said else ("", "")


def _metrics(done: Registration, found: Mapping[str, Measured]) -> Iterator[ComparedMetric]:
    """Those that were judged, then what else was found."""
    judged = {each.metric: each for each in done.comparison.judgements} if done.comparison else {}
    for name in dict.fromkeys([*judged, *found]):
        each, new = judged.get(name), found.get(name)
        champion = each.champion if each else None
        places = [new.where] if new else []
        if champion is not None and name in done.champion_metrics:
            places.append(f"champion: {done.champion_metrics[name]}")
        yield ComparedMetric(
            name=name,
            new=new.value if new else None,
            champion=champion,
            rule=each.rule if each else "",
            verdict=each.verdict.value if each else "",
            where=tuple(places),
        )


def _metadata(
    request: RegisterModelRequest, done: Registration, lineage: Lineage, found: Mapping[str, Measured]
) -> ModelMetadata | None:
    if done.model is None:
        return None
    return ModelMetadata(
        model=done.model.id,
        name=done.model.name,
        version=done.model.version,
        platform=request.platform.value,
        verdict=done.verdict,
        hash=lineage.hash,
        run=lineage.run,
        build_id=lineage.build.get("build", ""),
        build_number=lineage.build.get("buildNumber", ""),
        commit=lineage.build.get("commit", ""),
        metrics={name: each.value for name, each in found.items()},
        tags=done.model.tags,
    )
