"""Attachments of builds: what a step has left for whoever looks at its build later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from amltasks.devops.client import Client
from amltasks.errors import ServiceError

_PLACE = re.compile(r"/([0-9a-f-]{36})/([0-9a-f-]{36})/attachments/", re.IGNORECASE)


@dataclass(frozen=True)
class BuildAttachment:
    """timeline, record: where in the build it is attached."""

    project: str
    build: int
    timeline: str
    record: str
    type: str
    name: str


@dataclass(frozen=True)
class PastBuild:
    id: int
    number: str


def green_builds(client: Client, project: str, definition: int, branch: str, most: int) -> list[PastBuild]:
    """The last builds of a pipeline on a branch (`refs/heads/main`) that succeeded, the latest first."""
    builds = client.builds(
        lambda builds: builds.get_builds(
            project, definitions=[definition], branch_name=branch, status_filter="completed",
            result_filter="succeeded", query_order="finishTimeDescending", top=most,
        )
    )  # fmt: skip
    return [PastBuild(int(build.id), str(build.build_number)) for build in builds]


def attachments(client: Client, project: str, build: int, kind: str) -> Iterator[BuildAttachment]:
    """All attachments of a type that a build has."""
    for each in client.builds(lambda builds: builds.get_attachments(project, build, kind)) or ():
        place = _PLACE.search(_address(each))
        if place is not None:
            yield BuildAttachment(project, build, place[1], place[2], kind, str(each.name))


def content(client: Client, attachment: BuildAttachment) -> bytes:
    where = (attachment.project, attachment.build, attachment.timeline, attachment.record)
    return client.builds(lambda builds: b"".join(builds.get_attachment(*where, attachment.type, attachment.name)))


def _address(attachment: Any) -> str:
    """Of its content: the SDK's model of links has no place for it."""
    links = getattr(attachment._links, "additional_properties", None) or {}
    try:
        return str(links["self"]["href"])
    except (KeyError, TypeError):
        raise ServiceError(f"Azure DevOps gives no address of the attachment {attachment.name}.") from None
