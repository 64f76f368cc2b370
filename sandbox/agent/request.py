"""What a run was asked to do, and everything that the service refuses before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.agent import approvals, graph, jobs, pipeline, templates
from sandbox.agent.endpoints import Endpoint, find
from sandbox.agent.errors import PipelineError
from sandbox.agent.pipeline import Job, Pipeline, Step
from sandbox.agent.tasks import Catalogue
from sandbox.agent.variables import Group


@dataclass(frozen=True)
class Request:
    """A pipeline's file and what goes with it. groups: variable groups by name.

    approvals: environments that ask for one, and who answers. pull_request: source and target branch of the one that
    is built; None where none is.
    """

    path: Path
    repository: Path
    working_tree: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ()
    approvals: Mapping[str, approvals.Answer] = field(default_factory=dict)
    pull_request: tuple[str, str] | None = None

    def read(self, catalogue: Catalogue) -> Pipeline:
        """The pipeline, expanded and checked; PipelineError with file and line."""
        root = templates.expand(self.path, root=self.repository, parameters=self.parameters, variables=self.variables)
        asked = pipeline.read(root, self.path)
        self._check(asked, catalogue)
        return asked

    def _check(self, asked: Pipeline, catalogue: Catalogue) -> None:
        graph.in_order(graph.of_stages(asked))
        declared = [*asked.variables]
        for stage in asked.stages:
            graph.in_order({job.name: job.depends_on for job in stage.jobs})
            declared += stage.variables
            for job in stage.jobs:
                declared += job.variables
                for step in jobs.with_checkout(job):
                    self._check_step(job, step, catalogue)
        for each in declared:
            if each.group and each.group not in self.groups:
                raise PipelineError(
                    f"Variable group {each.group} could not be found. The variable group does not exist or has not "
                    f"been authorized for use. (Give it with --group {each.group}=FILE.)"
                )

    def _check_step(self, job: Job, step: Step, catalogue: Catalogue) -> None:
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
            if each.is_connection and "$(" not in value:
                for reference in filter(None, value.split(",")):
                    if find(self.endpoints, reference) is None:
                        raise PipelineError(
                            f"{where} input {each.name} references service connection {reference.strip()} which could "
                            "not be found. The service connection does not exist, has been disabled or has not been "
                            "authorized for use."
                        )
