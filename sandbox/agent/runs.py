"""A whole run: from a pipeline's file to a finished build, stage by stage and job by job on one agent."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sandbox.agent import graph, jobs, pipeline, process, repository, templates
from sandbox.agent.cancellation import Cancellation
from sandbox.agent.delivery import Delivery
from sandbox.agent.endpoints import Endpoint, find
from sandbox.agent.environment import worker_environment
from sandbox.agent.errors import PipelineError
from sandbox.agent.execution import JobScope
from sandbox.agent.expressions import ExpressionError, Scope, Value, parse, to_text
from sandbox.agent.graph import Outcome
from sandbox.agent.jobs import JobResult
from sandbox.agent.masking import Masker, is_secret_parameter
from sandbox.agent.pipeline import Declaration, Job, Pipeline, Stage
from sandbox.agent.predefined import Directories, Identity, agent_variables, build_variables, system_variables
from sandbox.agent.process import Timing
from sandbox.agent.repository import Commit
from sandbox.agent.tasks import Catalogue
from sandbox.agent.variables import Group, Variables
from sandbox.agent.verdict import Verdict, merge
from sandbox.devops.build.state import Build
from sandbox.server import Server
from sandbox.world import World

BuildVerdict = Literal["succeeded", "partiallySucceeded", "failed", "canceled"]
_RUNTIME = re.compile(r"\$\[(.*)\]", re.DOTALL)


@dataclass(frozen=True)
class Request:
    """What is to be run, and with what. groups: variable groups by name."""

    path: Path
    repository: Path
    working_tree: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True)
class Machine:
    """The agent's own: folders, Node, pace, and where the console's lines go."""

    home: Path
    tools: Path
    node: str
    timing: Timing
    show: Callable[[str], None]


class Run:
    """One run. Made: the pipeline is valid (else PipelineError). carry_out() runs it and returns how it ended."""

    def __init__(
        self,
        request: Request,
        *,
        world: World,
        server: Server,
        machine: Machine,
        catalogue: Catalogue,
        cancellation: Cancellation,
    ) -> None:
        self._request = request
        self._world = world
        self._server = server
        self._machine = machine
        self._catalogue = catalogue
        self._cancellation = cancellation
        self._commit: Commit = repository.head(request.repository)
        self._pipeline: Pipeline = read(request)
        check(self._pipeline, catalogue, request)
        self._repository = world.git.add(self._commit.name, request.repository)
        self.build: Build = world.builds.create(
            request.path.stem,
            source_branch=self._commit.branch,
            source_version=self._commit.version,
            repository=self._commit.name,
        )
        self._jobs_started = 0
        self._lookup_ids: list[str] = []

    def carry_out(self) -> BuildVerdict:
        delivery = Delivery(self._world.builds, self.build.id)
        try:
            verdict = self._run_stages(delivery)
        finally:
            delivery.close()
        result = _build_verdict(verdict)
        self._world.builds.finish(self.build.id, result)
        return result

    def _run_stages(self, delivery: Delivery) -> Verdict:
        stages = {stage.name: stage for stage in self._pipeline.stages}
        dependencies = stage_dependencies(self._pipeline)
        outcomes: dict[str, Outcome] = {}
        records = {
            name: self._record("Stage", stage.display_name or name, name, None, order)
            for order, (name, stage) in enumerate(stages.items(), 1)
        }
        for name in graph.in_order(dependencies):
            known = {each: outcomes[each] for each in dependencies[name]}
            wanted = self._is_wanted(
                name,
                stages[name].condition,
                dependencies,
                outcomes,
                self._static(stages[name].variables),
                known,
                {},
                records[name],
            )
            if wanted:
                outcomes[name] = self._run_stage(stages[name], records[name], known, delivery)
            else:
                outcomes[name] = Outcome(Verdict.Skipped)
                self._complete(records[name], Verdict.Skipped)
        return _worst(outcome.verdict for outcome in outcomes.values())

    def _run_stage(self, stage: Stage, record: str, before: Mapping[str, Outcome], delivery: Delivery) -> Outcome:
        self._world.builds.update(self.build.id, record, state="inProgress")
        dependencies = {job.name: job.depends_on for job in stage.jobs}
        by_name = {job.name: job for job in stage.jobs}
        records = {
            job.name: self._record("Phase", job.display_name or job.name, job.name, record, order)
            for order, job in enumerate(stage.jobs, 1)
        }
        outcomes: dict[str, Outcome] = {}
        for name in graph.in_order(dependencies):
            job = by_name[name]
            known = {each: outcomes[each] for each in dependencies[name]}
            static = self._static((*stage.variables, *job.variables))
            if self._is_wanted(name, job.condition, dependencies, outcomes, static, known, before, records[name]):
                outcomes[name] = self._run_phase(stage, job, record, records[name], known, before, delivery)
            else:
                outcomes[name] = Outcome(Verdict.Skipped)
                self._complete(records[name], Verdict.Skipped)
        verdict = _worst(outcome.verdict for outcome in outcomes.values())
        self._complete(record, verdict)
        outputs = {
            f"{name}.{key}": value for name, outcome in outcomes.items() for key, value in outcome.outputs.items()
        }
        return Outcome(verdict, outputs, outcomes)

    def _run_phase(
        self,
        stage: Stage,
        job: Job,
        stage_record: str,
        record: str,
        known: Mapping[str, Outcome],
        before: Mapping[str, Outcome],
        delivery: Delivery,
    ) -> Outcome:
        """A job, once for each leg of its matrix."""
        self._world.builds.update(self.build.id, record, state="inProgress")
        outputs: dict[str, str] = {}
        verdicts = []
        for order, (leg, leg_variables) in enumerate((job.matrix or {"": {}}).items(), 1):
            shown = " ".join(filter(None, (job.display_name or job.name, leg)))
            job_record = self._record("Job", shown, leg or "__default", record, order)
            identity = Identity(
                stage=stage.name,
                stage_id=stage_record,
                stage_display_name=stage.display_name or stage.name,
                phase=job.name,
                phase_id=record,
                phase_display_name=job.display_name or job.name,
                job=leg or "__default",
                job_id=job_record,
                job_display_name=shown,
            )
            declared = (*stage.variables, *job.variables, *(Declaration(*each) for each in leg_variables.items()))
            result = self._run_job(job, identity, declared, known, before, delivery)
            verdicts.append(result.verdict)
            outputs |= {f"{leg}.{key}" if leg else key: value for key, value in result.outputs.items()}
        verdict = _worst(verdicts)
        self._complete(record, verdict)
        return Outcome(verdict, outputs)

    def _run_job(
        self,
        job: Job,
        identity: Identity,
        declared: tuple[Declaration, ...],
        known: Mapping[str, Outcome],
        before: Mapping[str, Outcome],
        delivery: Delivery,
    ) -> JobResult:
        world, machine = self._world, self._machine
        self._jobs_started += 1
        directories = Directories(machine.home, machine.home / "_work" / str(self._jobs_started), machine.tools)
        masker = Masker()
        variables = Variables(masker)
        token = world.tokens.issue(f"{world.project.name} Build Service ({world.organization})", lifetime=24 * 3600)
        secrets = {**self._request.secrets, **self._group_secrets(declared), "System.AccessToken": token}
        predefined = {
            **agent_variables(directories, identity),
            **build_variables(
                world.builds.get(self.build.id),
                repository_id=self._repository.id,
                repository_uri=f"{self._server.collection_url}{world.project.name}/_git/{self._commit.name}",
                message=self._commit.message,
            ),
            **system_variables(
                self.build,
                identity,
                collection_url=self._server.collection_url,
                project_id=world.project.id,
                project_name=world.project.name,
            ),
        }
        for name, value in self._request.variables.items():
            variables.set(name, value)
        read_only = {each.name.lower() for each in (*self._pipeline.variables, *declared) if each.read_only}
        for name, value in predefined.items():
            variables.set(name, value)
        for name, value in self._values(declared, known, before, predefined).items():
            variables.set(name, value, read_only=name.lower() in read_only)
        for endpoint in self._request.endpoints:
            for name, value in endpoint.parameters.items():
                if is_secret_parameter(name):
                    masker.add(value)
        scope = JobScope(
            build=self.build,
            builds=world.builds,
            record_id=identity.job_id,
            name=job.name,
            variables=variables,
            masker=masker,
            delivery=delivery,
            timing=machine.timing,
            show=machine.show,
            environment=worker_environment(),
            node=machine.node,
            token=token,
            collection_url=self._server.collection_url,
            project_id=world.project.id,
            project_name=world.project.name,
            repository=self._request.repository,
            working_tree=self._request.working_tree,
            lookup_id=self._new_lookup_id(),
            endpoints=self._request.endpoints,
        )
        try:
            with self._cancellation.telling(scope.cancellation.request):
                return jobs.run(job, scope, self._catalogue, directories, secrets)
        finally:
            world.tokens.revoke(token)

    def end_at_once(self) -> None:
        """Kill every process that this run has started and that is still there."""
        for lookup_id in self._lookup_ids:
            process.end_leftovers(lookup_id)

    def _new_lookup_id(self) -> str:
        self._lookup_ids.append(f"vsts_{uuid.uuid4()}")
        return self._lookup_ids[-1]

    # Variables

    def _static(self, declared: Sequence[Declaration]) -> dict[str, str]:
        """Values written in the YAML and given from outside, for the conditions of stages and jobs."""
        found = {**self._request.variables, "Build.Reason": "Manual", "Build.SourceBranch": self._commit.branch}
        found["Build.SourceBranchName"] = self._commit.branch.rsplit("/", 1)[-1]
        for each in (*self._pipeline.variables, *declared):
            found |= self._request.groups[each.group].plain if each.group else {each.name: each.value}
        return found

    def _group_secrets(self, declared: Sequence[Declaration]) -> dict[str, str]:
        groups = [self._request.groups[each.group] for each in (*self._pipeline.variables, *declared) if each.group]
        return {name: value for group in groups for name, value in group.secret.items()}

    def _values(
        self,
        declared: Sequence[Declaration],
        known: Mapping[str, Outcome],
        before: Mapping[str, Outcome],
        predefined: Mapping[str, str],
    ) -> dict[str, str]:
        """Variables of the YAML in their order of precedence, with `$[ ]` evaluated and groups filled in."""
        values: dict[str, str] = {}
        for each in (*self._pipeline.variables, *declared):
            if each.group:
                values |= self._request.groups[each.group].plain
                continue
            expression = _RUNTIME.fullmatch(each.value.strip())
            value = each.value
            if expression is not None:
                seen = {**self._request.variables, **predefined, **values}
                value = to_text(self._evaluate(expression[1], _names(seen, known, before)))
            values[each.name] = value
        return values

    def _evaluate(self, expression: str, names: Mapping[str, Value]) -> Value:
        def counter(prefix: Value = "", seed: Value = 0) -> int:
            first = int(float(to_text(seed) or 0))
            return first + self._world.store.count(f"counter/{self.build.definition}/{to_text(prefix)}") - 1

        return parse(expression).evaluate(Scope(names, {"counter": counter}))

    # The timeline

    def _is_wanted(
        self,
        name: str,
        condition: str,
        dependencies: Mapping[str, Sequence[str]],
        outcomes: Mapping[str, Outcome],
        static: Mapping[str, str],
        known: Mapping[str, Outcome],
        before: Mapping[str, Outcome],
        record: str,
    ) -> bool:
        try:
            return graph.is_wanted(
                name,
                condition,
                dependencies=dependencies,
                outcomes=outcomes,
                names=_names(static, known, before),
                canceled=self._cancellation.requested,
            )
        except ExpressionError as error:
            self._world.builds.issue(self.build.id, record, "error", f"The condition of '{name}' is not valid: {error}")
            return False

    def _record(
        self, kind: Literal["Stage", "Phase", "Job"], name: str, ref_name: str, parent: str | None, order: int
    ) -> str:
        return self._world.builds.record(
            self.build.id, type=kind, name=name, ref_name=ref_name, parent=parent, order=order
        ).id

    def _complete(self, record: str, verdict: Verdict) -> None:
        self._world.builds.update(self.build.id, record, state="completed", result=verdict.wire)


def read(request: Request) -> Pipeline:
    """The pipeline of a request, expanded; PipelineError with file and line."""
    root, _ = templates.expand(
        request.path, root=request.repository, parameters=request.parameters, variables=request.variables
    )
    return pipeline.read(root, request.path)


def check(asked: Pipeline, catalogue: Catalogue, request: Request) -> None:
    """What the service refuses before a run starts: circles, missing tasks, inputs, connections and groups."""
    graph.in_order(stage_dependencies(asked))
    declared = [*asked.variables]
    for stage in asked.stages:
        graph.in_order({job.name: job.depends_on for job in stage.jobs})
        declared += stage.variables
        for job in stage.jobs:
            declared += job.variables
            for step in jobs.with_checkout(job):
                _check_step(job, step, catalogue, request)
    for each in declared:
        if each.group and each.group not in request.groups:
            raise PipelineError(
                f"Variable group {each.group} could not be found. The variable group does not exist or has not been "
                f"authorized for use. (Give it with --group {each.group}=FILE.)"
            )


def _check_step(job: Job, step: pipeline.Step, catalogue: Catalogue, request: Request) -> None:
    definition = catalogue.find(step.task, f"job '{job.name}', step '{step.name}'")
    given = {}
    for name, value in step.inputs.items():
        known = definition.input(name)
        given[known.name if known else name] = value
    where = f"{step.place}: Job {job.name}: Step {step.name or definition.name}"
    for each in definition.inputs:
        value = given.get(each.name, each.default).strip()
        if each.required and not each.conditional and not value:
            raise PipelineError(f"{where} input {each.name} is required.")
        if each.type.lower().startswith("connectedservice:") and value and "$(" not in value:
            for reference in value.split(","):
                if find(request.endpoints, reference) is None:
                    raise PipelineError(
                        f"{where} input {each.name} references service connection {reference.strip()} which could not be "
                        "found. The service connection does not exist, has been disabled or has not been authorized for use."
                    )


def stage_dependencies(asked: Pipeline) -> dict[str, Sequence[str]]:
    """Each stage's dependencies: those written down, else the stage before it."""
    names = [stage.name for stage in asked.stages]
    return {
        stage.name: stage.depends_on if stage.depends_on is not None else names[max(index - 1, 0) : index]
        for index, stage in enumerate(asked.stages)
    }


def _names(
    variables: Mapping[str, str], known: Mapping[str, Outcome], before: Mapping[str, Outcome]
) -> dict[str, Value]:
    """What a condition or `$[ ]` sees. known: jobs or stages depended on; before: stages that the job's stage depends on."""
    return {
        "variables": dict(variables),
        "dependencies": {name: outcome.value for name, outcome in known.items()},
        "stageDependencies": {
            stage: {"result": outcome.verdict.name, **{name: job.value for name, job in outcome.jobs.items()}}
            for stage, outcome in {**before, **known}.items()
        },
    }


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Of stages, jobs or legs together; skipped ones count only where nothing else ran."""
    found: Verdict | None = None
    listed = list(verdicts)
    for verdict in listed:
        if verdict is Verdict.Canceled:
            return Verdict.Canceled
        if verdict is not Verdict.Skipped:
            found = merge(found, verdict)
    return found if found is not None else Verdict.Skipped if listed else Verdict.Succeeded


def _build_verdict(verdict: Verdict) -> BuildVerdict:
    if verdict is Verdict.SucceededWithIssues:
        return "partiallySucceeded"
    if verdict in (Verdict.Succeeded, Verdict.Skipped):
        return "succeeded"
    return "canceled" if verdict is Verdict.Canceled else "failed"
