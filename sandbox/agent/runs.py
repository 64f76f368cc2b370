"""A whole run: from a pipeline's file to a finished build, stage by stage and job by job on one agent."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sandbox.agent import approvals, declarations, graph, jobs, process, repository
from sandbox.agent.cancellation import Cancellation
from sandbox.agent.delivery import Delivery
from sandbox.agent.environment import worker_environment
from sandbox.agent.execution import JobScope
from sandbox.agent.expressions import ExpressionError, Value, to_number, to_text
from sandbox.agent.graph import Dependencies, Outcome, Upstream
from sandbox.agent.masking import Masker, is_secret_parameter
from sandbox.agent.pipeline import Declaration, Job, Stage
from sandbox.agent.predefined import Directories, Identity, agent_variables, build_variables, system_variables
from sandbox.agent.process import Timing
from sandbox.agent.proposals import propose
from sandbox.agent.request import Request
from sandbox.agent.tasks import Catalogue
from sandbox.agent.variables import Variables
from sandbox.agent.verdict import Verdict
from sandbox.devops.build.documents import Build
from sandbox.server import Server
from sandbox.world import World

BuildVerdict = Literal["succeeded", "partiallySucceeded", "failed", "canceled"]
_TOKEN_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Machine:
    """The agent's own: folders, Node, pace, where the console's lines go.

    environment: of its workers, beside what this process has.
    """

    home: Path
    tools: Path
    node: str
    timing: Timing
    show: Callable[[str], None]
    environment: Mapping[str, str]


class Run:
    """One run. Made: the pipeline is valid (else PipelineError) and its build is there. carry_out() runs it."""

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
        self._commit = repository.head(request.repository)
        self._pipeline = request.read(catalogue)
        self._repository = world.git.add(self._commit.name, request.repository)
        self._proposal = propose(world.git, self._repository, *request.pull_request) if request.pull_request else None
        if self._proposal:
            self._commit = self._proposal.commit
        self.build: Build = world.builds.create(
            request.path.stem,
            source_branch=self._commit.branch,
            source_version=self._commit.version,
            repository=self._commit.name,
            reason="pullRequest" if self._proposal else "manual",
        )
        self._delivery = Delivery(world.builds, self.build.id)
        self._lookup_ids: list[str] = []

    def carry_out(self) -> BuildVerdict:
        """Run every stage whose condition holds; returns how the build ended."""
        result: BuildVerdict = "failed"
        try:
            result = _build_verdict(self._run_stages())
        finally:
            self._delivery.close()
            self._world.builds.finish(self.build.id, result)
        return result

    def end_at_once(self) -> None:
        """Kill every process that this run has started and that is still there."""
        for lookup_id in self._lookup_ids:
            process.end_leftovers(lookup_id)

    # Stages, jobs, legs

    def _run_stages(self) -> Verdict:
        stages = {stage.name: stage for stage in self._pipeline.stages}
        dependencies = graph.of_stages(self._pipeline)
        records = {
            name: self._record("Stage", stage.display_name or name, name, None, order)
            for order, (name, stage) in enumerate(stages.items(), 1)
        }
        outcomes: dict[str, Outcome] = {}
        for name in graph.in_order(dependencies):
            stage = stages[name]
            upstream = Upstream({each: outcomes[each] for each in dependencies[name]})
            if self._is_wanted(stage, stage.variables, records[name], dependencies, outcomes, upstream):
                outcomes[name] = self._run_stage_when_approved(stage, records[name], upstream.direct)
            else:
                outcomes[name] = self._skip(records[name])
        return graph.together(outcome.verdict for outcome in outcomes.values())

    def _run_stage_when_approved(self, stage: Stage, record: str, stages_before: Mapping[str, Outcome]) -> Outcome:
        verdict = approvals.approved(
            stage,
            record,
            self._request.approvals,
            world=self._world,
            build=self.build,
            cancellation=self._cancellation,
        )
        if verdict is Verdict.Succeeded:
            return self._run_stage(stage, record, stages_before)
        return Outcome(self._complete(record, [verdict]))

    def _run_stage(self, stage: Stage, record: str, stages_before: Mapping[str, Outcome]) -> Outcome:
        self._world.builds.update(self.build.id, record, state="inProgress")
        stage_jobs = {job.name: job for job in stage.jobs}
        dependencies = {job.name: job.depends_on for job in stage.jobs}
        records = {
            job.name: self._record("Phase", job.display_name or job.name, job.name, record, order)
            for order, job in enumerate(stage.jobs, 1)
        }
        outcomes: dict[str, Outcome] = {}
        for name in graph.in_order(dependencies):
            job = stage_jobs[name]
            upstream = Upstream({each: outcomes[each] for each in dependencies[name]}, stages_before)
            declared = (*stage.variables, *job.variables)
            if self._is_wanted(job, declared, records[name], dependencies, outcomes, upstream):
                outcomes[name] = self._run_phase(stage, job, record, records[name], upstream)
            else:
                outcomes[name] = self._skip(records[name])
        outputs = {
            f"{name}.{key}": value for name, outcome in outcomes.items() for key, value in outcome.outputs.items()
        }
        verdict = self._complete(record, [outcome.verdict for outcome in outcomes.values()])
        return Outcome(verdict, outputs, outcomes)

    def _run_phase(self, stage: Stage, job: Job, stage_record: str, record: str, upstream: Upstream) -> Outcome:
        """A job, once for each leg of its matrix; a leg's outputs carry its name."""
        self._world.builds.update(self.build.id, record, state="inProgress")
        outputs: dict[str, str] = {}
        verdicts = []
        legs = {"Deploy": _of_deployment(job)} if job.environment else job.matrix or {"": {}}
        for order, (leg, leg_variables) in enumerate(legs.items(), 1):
            shown = " ".join(filter(None, (job.display_name or job.name, leg)))
            identity = Identity(
                stage=stage.name,
                stage_id=stage_record,
                stage_display_name=stage.display_name or stage.name,
                phase=job.name,
                phase_id=record,
                phase_display_name=job.display_name or job.name,
                job=leg or "__default",
                job_id=self._record("Job", shown, leg or "__default", record, order),
                job_display_name=shown,
            )
            leg_declared = tuple(Declaration(*each) for each in leg_variables.items())
            outcome = self._run_job(job, identity, (*stage.variables, *job.variables, *leg_declared), upstream)
            verdicts.append(outcome.verdict)
            prefix = job.name if job.environment else leg
            outputs |= {f"{prefix}.{key}" if prefix else key: value for key, value in outcome.outputs.items()}
        return Outcome(self._complete(record, verdicts), outputs)

    def _run_job(self, job: Job, identity: Identity, declared: tuple[Declaration, ...], upstream: Upstream) -> Outcome:
        world = self._world
        declared = (*self._pipeline.variables, *declared)
        self._lookup_ids.append(f"vsts_{uuid.uuid4()}")
        home = self._machine.home
        directories = Directories(home, home / "_work" / str(len(self._lookup_ids)), self._machine.tools)
        token = world.tokens.issue(f"{world.project.name} Build Service ({world.organization})", _TOKEN_SECONDS)
        try:
            scope = self._scope(identity, token)
            self._set_variables(scope.variables, declared, directories, identity, upstream)
            group_secrets = declarations.secrets(declared, self._request.groups)
            secrets = {**self._request.secrets, **group_secrets, "System.AccessToken": token}
            with self._cancellation.telling(scope.cancellation.request):
                return jobs.run(job, scope, self._catalogue, directories, secrets)
        except ExpressionError as error:
            world.builds.issue(
                self.build.id, identity.job_id, "error", f"A variable of '{job.name}' is not valid: {error}"
            )
            return Outcome(self._complete(identity.job_id, [Verdict.Failed]))
        finally:
            world.tokens.revoke(token)

    def _scope(self, identity: Identity, token: str) -> JobScope:
        world, machine = self._world, self._machine
        masker = Masker()
        for endpoint in self._request.endpoints:
            for name, value in endpoint.parameters.items():
                if is_secret_parameter(name):
                    masker.add(value)
        return JobScope(
            build=self.build,
            builds=world.builds,
            record_id=identity.job_id,
            variables=Variables(masker),
            masker=masker,
            delivery=self._delivery,
            timing=machine.timing,
            show=machine.show,
            environment={**worker_environment(), **machine.environment},
            node=machine.node,
            token=token,
            collection_url=self._server.collection_url,
            project_name=world.project.name,
            repository=self._request.repository,
            working_tree=self._request.working_tree,
            lookup_id=self._lookup_ids[-1],
            endpoints=self._request.endpoints,
        )

    # Variables

    def _set_variables(
        self,
        variables: Variables,
        declared: Sequence[Declaration],
        directories: Directories,
        identity: Identity,
        upstream: Upstream,
    ) -> None:
        world = self._world
        repository_uri = f"{self._server.collection_url}{world.project.name}/_git/{self._commit.name}"
        predefined = {
            **self._request.variables,
            **agent_variables(directories, identity),
            **build_variables(
                world.builds.get(self.build.id),
                repository_id=self._repository.id,
                repository_uri=repository_uri,
                message=self._commit.message,
            ),
            **system_variables(
                self.build,
                identity,
                collection_url=self._server.collection_url,
                project_id=world.project.id,
                project_name=world.project.name,
            ),
            **(self._proposal.variables(repository_uri) if self._proposal else {}),
        }
        found = declarations.values(
            declared, self._request.groups, known=predefined, upstream=upstream, counter=self._count
        )
        read_only = {each.name.lower() for each in declared if each.read_only}
        for name, value in {**predefined, **found}.items():
            variables.set(name, value, read_only=name.lower() in read_only)

    def _count(self, prefix: Value = "", seed: Value = 0) -> int:
        """The function counter(): one more in every run of the same pipeline and prefix, from the seed on."""
        key = f"counter/{self.build.definition}/{to_text(prefix)}"
        return int(to_number(seed) or 0) + self._world.store.count(key) - 1

    # The timeline

    def _is_wanted(
        self,
        candidate: Stage | Job,
        declared: Sequence[Declaration],
        record: str,
        dependencies: Dependencies,
        outcomes: Mapping[str, Outcome],
        upstream: Upstream,
    ) -> bool:
        """Whether a stage's or job's condition holds; one that cannot be evaluated is an error of its record."""
        written = declarations.static((*self._pipeline.variables, *declared), self._request.groups)
        branch = self._commit.branch
        known = {
            "Build.Reason": "PullRequest" if self._proposal else "Manual",
            "Build.SourceBranch": branch,
            "Build.SourceBranchName": branch.split("/")[-1],
        }
        try:
            return graph.is_wanted(
                candidate.name,
                candidate.condition,
                dependencies=dependencies,
                outcomes=outcomes,
                names=upstream.names({**self._request.variables, **known, **written}),
                canceled=self._cancellation.requested,
            )
        except ExpressionError as error:
            message = f"The condition of '{candidate.name}' is not valid: {error}"
            self._world.builds.issue(self.build.id, record, "error", message)
            return False

    def _record(
        self, kind: Literal["Stage", "Phase", "Job"], name: str, ref_name: str, parent: str | None, order: int
    ) -> str:
        builds = self._world.builds
        return builds.record(self.build.id, type=kind, name=name, ref_name=ref_name, parent=parent, order=order).id

    def _complete(self, record: str, verdicts: Sequence[Verdict]) -> Verdict:
        verdict = graph.together(verdicts)
        self._world.builds.update(self.build.id, record, state="completed", result=verdict.wire)
        return verdict

    def _skip(self, record: str) -> Outcome:
        return Outcome(self._complete(record, [Verdict.Skipped]))


def _of_deployment(job: Job) -> dict[str, str]:
    """Variables that only deployment jobs have."""
    number = str(zlib.crc32(job.environment.encode("utf-8")) % 1000 + 1)
    return {"Environment.Name": job.environment, "Environment.Id": number, "Strategy.Name": "runOnce"}


def _build_verdict(verdict: Verdict) -> BuildVerdict:
    if verdict is Verdict.SucceededWithIssues:
        return "partiallySucceeded"
    if verdict in (Verdict.Succeeded, Verdict.Skipped):
        return "succeeded"
    return "canceled" if verdict is Verdict.Canceled else "failed"
