"""What the build area refuses, in the service's own words where they are known."""

# ruff: noqa: A002  (type is what the service calls it)
from __future__ import annotations

from sandbox.wire import ServiceError


def definition_not_found(definition_id: int) -> ServiceError:
    return ServiceError(
        404, "DefinitionNotFoundException", f"The requested definition {definition_id} could not be found."
    )


def build_not_found(build_id: object) -> ServiceError:
    return ServiceError(404, "BuildNotFoundException", f"The requested build {build_id} could not be found.")


def record_not_found(record_id: object) -> ServiceError:
    return ServiceError(
        404, "TimelineRecordNotFoundException", f"No timeline record found for the record ID {record_id}."
    )


def log_not_found(log_id: object) -> ServiceError:
    return ServiceError(404, "BuildLogNotFoundException", f"The log with ID {log_id} could not be found.")


def attachment_not_found(type: str, name: str) -> ServiceError:
    return ServiceError(404, "AttachmentNotFoundException", f"There is no attachment {name!r} of type {type!r}.")


def artifact_not_found(name: str, build_id: int) -> ServiceError:
    return ServiceError(404, "ArtifactNotFoundException", f"The artifact {name} was not found for build {build_id}.")


def illegal_state(message: str) -> ServiceError:
    return ServiceError(409, "InvalidBuildException", message)


def timeline_not_found(timeline_id: str) -> ServiceError:
    return ServiceError(404, "TimelineNotFoundException", f"No timeline found for the ID {timeline_id}.")
