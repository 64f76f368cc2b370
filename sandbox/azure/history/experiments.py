"""Answers of run history about experiments."""

from __future__ import annotations

import re

from sandbox.azure.history import errors
from sandbox.azure.history.bodies import experiment_body
from sandbox.azure.history.models import ExperimentUpdate, Query, TagsToDelete
from sandbox.azure.history.queries import experiment_row, page
from sandbox.azure.history.state import Experiment
from sandbox.azure.resources import Resource
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,254}")


def get_experiment(call: Call) -> Answer:
    return reply(experiment_body(experiment_of(call, workspace_of(call))))


def create_experiment(call: Call) -> Answer:
    """The one of that name, made where there is none."""
    workspace, name = workspace_of(call), call.values["experiment"]
    if not _NAME.fullmatch(name):
        raise errors.experiment_name(name)
    return reply(experiment_body(call.azure.runs.experiment(workspace, name)))


def query_experiments(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked: Query = call.json(Query)
    shown = {"ActiveOnly": {False}, "Default": {False}, "ArchivedOnly": {True}, "All": {False, True}}[asked.view_type]
    found = [each for each in call.azure.runs.experiments(workspace) if (each.archived is not None) in shown]
    return reply(page(reversed(found), experiment_row, asked, experiment_body))


def patch_experiment(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked: ExperimentUpdate = call.json(ExperimentUpdate)
    with call.world.store.changing():
        experiment = experiment_of(call, workspace)
        name = asked.name or experiment.name
        if name.lower() != experiment.name.lower() and call.azure.runs.find_experiment(workspace, name):
            raise errors.experiment_exists(name)
        if not _NAME.fullmatch(name):
            raise errors.experiment_name(name)
        archived = experiment.archived
        if asked.archive is not None:
            archived = (archived or call.world.clock.now()) if asked.archive else None
        changed = call.azure.runs.change_experiment(
            workspace,
            experiment,
            name=name,
            description=experiment.description if asked.description is None else asked.description,
            archived=archived,
            tags={**experiment.tags, **asked.tags},
        )
    return reply(experiment_body(changed))


def delete_tags(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked: TagsToDelete = call.json(TagsToDelete)
    with call.world.store.changing():
        experiment = experiment_of(call, workspace)
        kept = {name: text for name, text in experiment.tags.items() if name not in asked.tags}
        call.azure.runs.change_experiment(workspace, experiment, tags=kept)
    return reply({"errors": {}})


def experiment_of(call: Call, workspace: Resource) -> Experiment:
    """The experiment that the path names, by its name or its id."""
    name = call.values.get("experiment") or call.values["experiment_id"]
    found = call.azure.runs.find_experiment(workspace, name) or next(
        (each for each in call.azure.runs.experiments(workspace) if each.id == name.lower()), None
    )
    if found is None:
        raise errors.experiment_not_found(name)
    return found
