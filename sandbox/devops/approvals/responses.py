"""Answers of the approvals area."""

from __future__ import annotations

from typing import Annotated, Any

from sandbox.devops.approvals.state import Approval
from sandbox.wire import Answer, Call, Wire, bad_request, collection, format_time, one_of


class Decision(Wire):
    approval_id: str
    status: Annotated[str, one_of("approved", "rejected")]
    comment: str = ""


def list_approvals(call: Call) -> Answer:
    """Of the ids or the state asked for."""
    ids, state = call.names("approvalIds"), call.query.get("state", "").lower()
    found = [call.world.approvals.get(each) for each in ids] if ids else call.world.approvals.all()
    return Answer(collection([_approval(call, each) for each in found if state in ("", each.status)]))


def get_approval(call: Call) -> Answer:
    return Answer(_approval(call, call.world.approvals.get(call.values["approvalId"])))


def update_approvals(call: Call) -> Answer:
    decisions: list[Decision] = call.json(list[Decision])
    if not decisions:
        raise bad_request("There is no approval in the request.")
    found = [
        call.world.approvals.decide(
            each.approval_id, "approved" if each.status == "approved" else "rejected", each.comment
        )
        for each in decisions
    ]
    return Answer(collection([_approval(call, each) for each in found]))


def _approval(call: Call, approval: Approval) -> dict[str, Any]:
    """The shape of Approvals - Get in version 7.1 of the REST documentation."""
    who = {"displayName": approval.approver, "id": approval.approver, "uniqueName": approval.approver}
    changed = format_time(approval.changed_on)
    step = {
        "assignedApprover": who,
        "status": approval.status,
        "comment": approval.comment,
        "order": 1,
        "initiatedOn": format_time(approval.created_on),
        "lastModifiedOn": changed,
        **({} if approval.status == "pending" else {"actualApprover": who, "lastModifiedBy": who}),
    }
    build = call.world.builds.get(approval.build_id)
    return {
        "id": approval.id,
        "steps": [step],
        "status": approval.status,
        "createdOn": format_time(approval.created_on),
        "lastModifiedOn": changed,
        "executionOrder": "anyOrder",
        "minRequiredApprovers": 1,
        "blockedApprovers": [],
        "instructions": approval.instructions,
        "pipeline": {
            "owner": {"id": build.id, "name": build.number},
            "id": str(build.definition_id),
            "name": build.definition,
        },
        "_links": {"self": {"href": f"{call.project_url}/_apis/pipelines/approvals/{approval.id}"}},
    }
