"""Answers about computes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sandbox.azure.arm.errors import resource_not_found
from sandbox.azure.computes import errors
from sandbox.azure.computes.models import Aks, Cluster, ClusterProperties, Compute, ComputeUpdate, ScaleUpdate
from sandbox.azure.computes.state import SIZES, nodes_of
from sandbox.azure.operations import accepted
from sandbox.azure.paging import page
from sandbox.azure.resources import Resource
from sandbox.azure.versions import V1_COMPUTES
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.azure.workspaces.state import TYPE
from sandbox.wire import Answer

_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])")


def get_compute(call: Call) -> Answer:
    return reply(_body(call, _compute_of(call)))


def list_computes(call: Call) -> Answer:
    return page(call, [_body(call, each) for each in call.azure.computes.all(workspace_of(call))])


def read_compute(call: Call) -> Answer:
    return reply(_whole(call, _compute_of(call)))


def read_computes(call: Call) -> Answer:
    return page(call, [_whole(call, each) for each in call.azure.computes.all(workspace_of(call))])


def put_compute(call: Call) -> Answer:
    workspace = workspace_of(call)
    name = call.values["compute"]
    asked: Compute = call.json(Compute)
    if not _NAME.fullmatch(name):
        raise errors.bad_name(name)
    path = f"{workspace.id}/computes/{name}"
    known = call.azure.computes.find(workspace, name)
    more = {"location": asked.location, "tags": asked.tags}
    if asked.identity:
        more["identity"] = asked.identity.json_form()
    properties, check = _prepared(call, path, asked, known)
    state = "Updating" if known else "Creating"
    made = call.azure.computes.put(path, properties, more, call.caller_id, state=state)
    call.azure.execution.resize(made)
    computes, delay = call.azure.computes, call.azure.execution.pace.allocate
    operation = call.azure.operations.run(made.id, lambda: computes.provision(made.id, check), delay=delay)
    return accepted(call, operation, _body(call, made), status=200 if known else 201, kind="compute")


def patch_compute(call: Call) -> Answer:
    """Only the way a cluster scales can be changed."""
    compute = _compute_of(call)
    changed: ScaleUpdate = call.json(ComputeUpdate).properties.properties
    inner = {**compute.properties["properties"], **changed.json_form()}
    call.azure.computes.check_cluster(compute.id, ClusterProperties.model_validate(inner))
    properties = {**compute.properties, "properties": inner}
    made = call.azure.computes.put(compute.id, properties, compute.more, call.caller_id, state="Succeeded")
    call.azure.execution.resize(made)
    operation = call.azure.operations.run(made.id, lambda: None)
    return accepted(call, operation, _body(call, made), status=200, kind="compute")


def delete_compute(call: Call) -> Answer:
    compute = _compute_of(call)
    if call.azure.execution.counts(compute)["runningNodeCount"]:
        raise errors.is_in_use(compute.name)
    path, cluster = compute.id, None
    if compute.properties["computeType"] == "AKS" and call.query.get("underlyingresourceaction", "") != "detach":
        cluster = compute.properties["resourceId"]

    def delete() -> None:
        call.azure.computes.delete(path)
        if cluster:
            call.azure.kubernetes.delete(cluster)

    return accepted(call, call.azure.operations.run(path, delete), kind="compute")


def list_sizes(call: Call) -> Answer:
    """Of machines, the same in every region."""
    found = [
        {
            "name": size.name,
            "family": size.family,
            "vCPUs": size.cores,
            "gpus": 0,
            "osVhdSizeMB": 1047552,
            "maxResourceVolumeMB": int(size.memory * 2048),
            "memoryGB": size.memory,
            "lowPriorityCapable": True,
            "premiumIO": True,
            "supportedComputeTypes": ["AmlCompute", "ComputeInstance"],
        }
        for size in SIZES.values()
    ]
    return reply({"amlCompute" if call.query["api-version"] == V1_COMPUTES else "value": found})


def _prepared(
    call: Call, path: str, asked: Compute, known: Resource | None
) -> tuple[dict[str, Any], Callable[[], None]]:
    """A compute's properties, and what may yet go wrong when it is provisioned; what cannot be made is refused."""
    properties = asked.properties
    if isinstance(properties, Cluster):
        call.azure.computes.check_cluster(path, properties.properties)
    if not isinstance(properties, Aks):
        return properties.json_form(), lambda: None
    kubernetes = call.azure.kubernetes
    kubernetes.check(properties)
    group = call.azure.subscription.group(call.values["group"])
    cluster, told = kubernetes.of(group, call.values["compute"], properties, known)
    return told, lambda: None if properties.resource_id else kubernetes.check_room(cluster)


def _compute_of(call: Call) -> Resource:
    workspace = workspace_of(call)
    found = call.azure.computes.find(workspace, call.values["compute"])
    if found is None:
        name = f"{workspace.name}/{call.values['compute']}"
        raise resource_not_found(f"{TYPE}/computes", name, call.values["group"])
    return found


def _body(call: Call, compute: Resource) -> dict[str, Any]:
    """With what its nodes are doing."""
    body = compute.body
    if compute.properties["computeType"] == "AmlCompute":
        counts = call.azure.execution.counts(compute)
        now = sum(counts.values())
        asked = body["properties"]["properties"]
        live = {
            "allocationState": "Resizing" if counts["preparingNodeCount"] else "Steady",
            "allocationStateTransitionTime": body["properties"]["modifiedOn"],
            "currentNodeCount": now,
            "targetNodeCount": min(now, nodes_of(compute)),
            "nodeStateCounts": counts,
            "errors": None,
        }
        body["properties"] = {**body["properties"], "properties": {**asked, **live}}
    return body


def _whole(call: Call, compute: Resource) -> dict[str, Any]:
    """With all members that azureml-core looks for, those without a value too."""
    body = _body(call, compute)
    properties = body["properties"]
    inner = properties.get("properties")
    if compute.properties["computeType"] == "AmlCompute":
        inner = {"subnet": None, **inner}
    return {
        "tags": {},
        **body,
        "properties": {"description": None, "resourceId": None, **properties, "properties": inner},
    }
