"""What is kept of builds. Times are aware UTC datetimes; content lies in the store's streams."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sandbox.store import Document

RecordType = Literal["Stage", "Phase", "Job", "Task", "Checkpoint", "Checkpoint.Approval"]
RecordState = Literal["pending", "inProgress", "completed"]
Result = Literal["succeeded", "succeededWithIssues", "failed", "canceled", "skipped", "abandoned"]
BuildResult = Literal["none", "succeeded", "partiallySucceeded", "failed", "canceled"]


class Build(Document):
    id: int
    number: str
    definition_id: int
    definition: str
    repository: str
    source_branch: str
    source_version: str
    reason: str
    requested_for: str
    status: Literal["inProgress", "cancelling", "completed"] = "inProgress"
    result: BuildResult = "none"
    queue_time: datetime
    start_time: datetime
    finish_time: datetime | None = None
    plan_id: str
    timeline_id: str
    tags: tuple[str, ...] = ()

    @property
    def uri(self) -> str:
        return f"vstfs:///Build/Build/{self.id}"


class Definition(Document):
    id: int
    name: str


class Issue(Document):
    type: Literal["error", "warning"]
    message: str
    data: dict[str, str] = {}


class TaskReference(Document):
    id: str
    name: str
    version: str


class Record(Document):
    """One row of a build's timeline. log_id: 0 until something is logged."""

    id: str
    parent: str | None
    type: RecordType
    name: str
    ref_name: str
    order: int
    attempt: int = 1
    task: TaskReference | None = None
    state: RecordState = "pending"
    result: Result | None = None
    start_time: datetime | None = None
    finish_time: datetime | None = None
    percent_complete: int | None = None
    current_operation: str | None = None
    worker_name: str | None = None
    issues: tuple[Issue, ...] = ()
    error_count: int = 0
    warning_count: int = 0
    log_id: int = 0


class Log(Document):
    """A stored log; its lines are in the content stream `log/<build>/<id>`."""

    id: int
    path: str
    line_count: int = 0
    created_on: datetime
    changed_on: datetime


class Attachment(Document):
    record_id: str
    type: str
    name: str
    size: int
    created_on: datetime


class Artifact(Document):
    id: int
    name: str
    files: dict[str, int] = {}  # path inside the artifact, POSIX form → bytes

    @property
    def size(self) -> int:
        return sum(self.files.values())
