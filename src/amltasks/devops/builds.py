"""Builds: the little that a task asks of them, and of its own."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from amltasks.devops.client import Client
from amltasks.errors import ServiceError

_LOOKED_AT = 50  # builds in which an artifact is looked for


def cancel_build(client: Client, project: str, build: int) -> None:
    """Has the service tell the agent to stop. Raises ServiceError, saying what is missing where it is a right."""
    try:
        client.builds(lambda builds: builds.update_build({"status": "cancelling"}, project, build))
    except ServiceError as error:
        if error.status != 403:
            raise
        raise ServiceError(
            f"Give the build service identity the permission 'Stop builds' of the pipeline ({error}).", status=403
        ) from error


def latest_file(
    client: Client, project: str, definition: int, branch: str, artifact: str, name: str
) -> tuple[str, bytes] | None:
    """The number of the last ended build of a pipeline that has the artifact, and a file of it; None without one.

    branch: as `refs/heads/main`; empty for any. Builds of every result count: a model is registered, whatever
    became of the build afterwards.
    """
    builds = client.builds(
        lambda builds: builds.get_builds(
            project, definitions=[definition], branch_name=branch or None, status_filter="completed",
            query_order="finishTimeDescending", top=_LOOKED_AT,
        )
    )  # fmt: skip
    for build in builds:
        content = _artifact(client, project, build.id, artifact)
        if content is not None:
            return str(build.build_number), _member(content, name, artifact)
    return None


def _artifact(client: Client, project: str, build: int, artifact: str) -> bytes | None:
    """As a zip."""
    try:
        client.builds(lambda builds: builds.get_artifact(project, build, artifact))
    except ServiceError as error:
        if error.status != 404:
            raise
        return None
    return client.builds(lambda builds: b"".join(builds.get_artifact_content_zip(project, build, artifact)))


def _member(content: bytes, name: str, artifact: str) -> bytes:
    """The file of that name, in whatever folder of the artifact."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in _files(archive):
            if member.rpartition("/")[2] == name:
                return archive.read(member)
    raise ServiceError(f"The artifact {artifact} of the last build that has one holds no {name}.")


def _files(archive: zipfile.ZipFile) -> Iterator[str]:
    return (each.filename for each in archive.infolist() if not each.is_dir())
