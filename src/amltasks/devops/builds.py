"""Builds: the little that a task asks of them, and of its own."""

from __future__ import annotations

from amltasks.devops.client import Client
from amltasks.errors import ServiceError


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
