"""Answers about jobs."""

from __future__ import annotations

import re

from sandbox.azure.assets.state import CODE, ENVIRONMENT, Kind
from sandbox.azure.computes.errors import unknown_size
from sandbox.azure.computes.state import SERVERLESS, SIZES, nodes_of
from sandbox.azure.history.state import Run
from sandbox.azure.jobs import errors
from sandbox.azure.jobs.models import CommandJob, JobBody
from sandbox.azure.jobs.state import REFERENCE
from sandbox.azure.machine_learning import not_found
from sandbox.azure.operations import accepted
from sandbox.azure.paging import page
from sandbox.azure.resources import Resource
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.proxy import proxy_environment
from sandbox.wire import Answer

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")
_DEFAULT_SIZE = "Standard_DS3_v2"


def get_job(call: Call) -> Answer:
    workspace = workspace_of(call)
    return reply(call.azure.jobs.body(workspace, _job_of(call, workspace)))


def list_jobs(call: Call) -> Answer:
    """Those with the tag (`name` or `name=value`), of the type and of the view that are asked for."""
    workspace = workspace_of(call)
    view = call.query.get("listviewtype", "ActiveOnly").lower()
    kind = call.query.get("jobtype", "").lower()
    tag, _, value = call.query.get("tag", "").partition("=")
    found = [
        run
        for run in call.azure.jobs.all(workspace)
        if (view == "all" or run.hidden == (view == "archivedonly"))
        and (not kind or call.azure.jobs.definition(workspace, run.id)["jobType"].lower() == kind)
        and (not tag or (tag in run.tags and (not value or run.tags[tag] == value)))
    ]
    return page(call, [call.azure.jobs.body(workspace, run) for run in found])


def put_job(call: Call) -> Answer:
    """A new job is started; one that is there already may be changed a little."""
    workspace, name = workspace_of(call), call.values["job"]
    asked: CommandJob = call.json(JobBody).properties
    if not _NAME.fullmatch(name):
        raise errors.bad_name(name)
    assert call.caller is not None
    with call.world.store.changing():
        if call.azure.jobs.find(workspace, name):
            return reply(call.azure.jobs.body(workspace, call.azure.jobs.change(workspace, name, asked.json_form())))
        target, size = checked_compute(call, workspace, asked)
        _check(call, workspace, asked)
        nodes = asked.resources.instance_count
        run = call.azure.jobs.create(
            workspace, name, asked.json_form(), call.caller, target=target, size=size, nodes=nodes
        )
    call.azure.execution.start(workspace, run, lambda folder: proxy_environment(call.world, folder))
    return reply(call.azure.jobs.body(workspace, run), 201)


def cancel_job(call: Call) -> Answer:
    workspace = workspace_of(call)
    run = _job_of(call, workspace)
    if run.has_ended:
        raise errors.has_ended(run.id, run.status)
    execution = call.azure.execution
    operation = call.azure.operations.run("", lambda: execution.cancel(run))
    return accepted(call, operation)


def delete_job(call: Call) -> Answer:
    workspace = workspace_of(call)
    run = _job_of(call, workspace)
    if not run.has_ended:
        raise errors.is_active(run.id, run.status)
    operation = call.azure.operations.run("", lambda: call.azure.jobs.delete(workspace, run.id))
    return accepted(call, operation)


def _job_of(call: Call, workspace: Resource) -> Run:
    found = call.azure.jobs.find(workspace, call.values["job"])
    if found is None:
        raise not_found("Job", call.values["job"])
    return found


def checked_compute(call: Call, workspace: Resource, asked: CommandJob) -> tuple[str, str]:
    """Names of the compute and of its machines' size."""
    nodes = asked.resources.instance_count
    if not asked.compute_id or asked.compute_id.rpartition("/")[2].lower() == SERVERLESS:
        size = asked.resources.instance_type or _DEFAULT_SIZE
        if size.lower() not in SIZES:
            raise unknown_size(size, call.azure.location, (each.name for each in SIZES.values()))
        return SERVERLESS, SIZES[size.lower()].name
    name = asked.compute_id.rpartition("/")[2]
    compute = call.azure.computes.find(workspace, name)
    if compute is None or (asked.compute_id.startswith("/") and asked.compute_id.lower() != compute.id.lower()):
        raise errors.unknown_compute(name)
    if compute.properties["computeType"] != "AmlCompute":
        raise errors.not_for_jobs(name, compute.properties["computeType"])
    if nodes > nodes_of(compute):
        raise errors.too_many_nodes(nodes, nodes_of(compute))
    return compute.name, compute.properties["properties"]["vmSize"]


def _check(call: Call, workspace: Resource, asked: CommandJob) -> None:
    """Refuse a job that names what is not there."""
    if asked.code_id:
        _check_asset(call, workspace, CODE, asked.code_id)
    _check_asset(call, workspace, ENVIRONMENT, asked.environment_id)
    bound = {"inputs": {*asked.inputs}, "outputs": {*asked.outputs}}
    unbound = [found[0] for found in REFERENCE.finditer(asked.command) if found["name"] not in bound[found["way"]]]
    if unbound:
        raise errors.unbound(dict.fromkeys(unbound))


def _check_asset(call: Call, workspace: Resource, kind: Kind, asset: str) -> None:
    found = call.azure.assets.by_id(asset)
    if found is None or found.type.lower() != f"{kind.type}/versions".lower():
        raise errors.unknown_asset(kind.noun, asset)
    if not found.id.lower().startswith(f"{workspace.id.lower()}/"):
        raise errors.unknown_asset(kind.noun, asset)
