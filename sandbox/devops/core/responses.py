"""Answers of the core area."""

from __future__ import annotations

from typing import Any

from sandbox.wire import Answer, Call, collection


def list_projects(call: Call) -> Answer:
    return Answer(collection([project_reference(call)]))


def get_project(call: Call) -> Answer:
    call.world.project.check(call.values["projectId"])
    return Answer(project_reference(call))


def get_connection(call: Call) -> Answer:
    """Who the token speaks for."""
    user = {"id": call.world.project.id, "providerDisplayName": call.identity, "isActive": True}
    return Answer(
        {
            "authenticatedUser": user,
            "authorizedUser": user,
            "instanceId": call.world.project.id,
            "deploymentType": "hosted",
            "locationServiceData": {"serviceOwner": "00025394-6065-48ca-87d9-7f5672854ef7"},
        }
    )


def project_reference(call: Call) -> dict[str, Any]:
    project = call.world.project
    return {
        "id": project.id,
        "name": project.name,
        "url": f"{call.collection_url}/_apis/projects/{project.id}",
        "state": "wellFormed",
        "visibility": "private",
    }
