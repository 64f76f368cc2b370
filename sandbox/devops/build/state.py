"""Builds and what belongs to them. Times are aware UTC datetimes; content lives in the store's streams."""

# ruff: noqa: A002  (type is what the service calls it)
from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from sandbox.devops.build import errors
from sandbox.devops.build.documents import (
    Artifact,
    Attachment,
    Build,
    BuildResult,
    Definition,
    Issue,
    Log,
    Record,
    RecordState,
    RecordType,
    Result,
    TaskReference,
)
from sandbox.store import Store, Table

MAX_ISSUES = 10  # of each type kept on a record, as the agent does; the counts go on


class Builds:
    """All builds of the project. Methods that change something may be called from any thread."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._builds = Table(store, "build", Build)
        self._definitions = Table(store, "definition", Definition)
        self._records = Table(store, "record", Record)
        self._logs = Table(store, "log", Log)
        self._attachments = Table(store, "attachment", Attachment)
        self._artifacts = Table(store, "artifact", Artifact)
        self._told_of_cancels: dict[int, Callable[[], None]] = {}  # by build

    def create(
        self,
        definition: str,
        *,
        source_branch: str,
        source_version: str,
        repository: str,
        reason: str = "manual",
        requested_for: str = "Sandbox User",
    ) -> Build:
        """Queue and start a build of a definition, which is made when its name is new."""
        with self.store.changing():
            now = _now()
            build_id = self.store.count("build")
            day = now.strftime("%Y%m%d")
            build = Build(
                id=build_id,
                number=f"{day}.{self.store.count(f'build/{definition}/{day}')}",
                definition_id=self._definition(definition).id,
                definition=definition,
                repository=repository,
                source_branch=source_branch,
                source_version=source_version,
                reason=reason,
                requested_for=requested_for,
                queue_time=now,
                start_time=now,
                plan_id=str(uuid.uuid4()),
                timeline_id=str(uuid.uuid4()),
            )
            self._builds.put("", build_id, build)
            return build

    def get(self, build_id: int) -> Build:
        build = self._builds.get("", build_id)
        if build is None:
            raise errors.build_not_found(build_id)
        return build

    def all(self) -> list[Build]:
        return self._builds.all("")

    def finish(self, build_id: int, result: BuildResult) -> None:
        with self.store.changing():
            if self.get(build_id).status == "completed":
                raise errors.illegal_state(f"Build {build_id} is already completed.")
            self._change(build_id, status="completed", result=result, finish_time=_now())

    def cancel(self, build_id: int) -> None:
        """What runs the build is told; the build has ended when that is through."""
        with self.store.changing():
            if self.get(build_id).status == "completed":
                raise errors.illegal_state(f"Build {build_id} is already completed.")
            self._change(build_id, status="cancelling")
        self._told_of_cancels.get(build_id, lambda: None)()

    @contextmanager
    def telling_of_cancels(self, build_id: int, listener: Callable[[], None]) -> Iterator[None]:
        """Calls the listener when the build is cancelled while the block runs."""
        self._told_of_cancels[build_id] = listener
        try:
            yield
        finally:
            del self._told_of_cancels[build_id]

    def rename(self, build_id: int, number: str) -> None:
        self._change(build_id, number=number)

    def tag(self, build_id: int, tag: str) -> None:
        with self.store.changing():
            tags = self.get(build_id).tags
            if tag not in tags:
                self._change(build_id, tags=(*tags, tag))

    def untag(self, build_id: int, tag: str) -> None:
        with self.store.changing():
            self._change(build_id, tags=tuple(kept for kept in self.get(build_id).tags if kept != tag))

    # The timeline

    def record(
        self,
        build_id: int,
        *,
        type: RecordType,
        name: str,
        ref_name: str,
        parent: str | None,
        order: int,
        attempt: int = 1,
        task: Mapping[str, str] | None = None,
    ) -> Record:
        """Add a pending row to the timeline."""
        with self.store.changing():
            self.get(build_id)
            if parent is not None:
                self.get_record(build_id, parent)
            record = Record(
                id=str(uuid.uuid4()),
                parent=parent,
                type=type,
                name=name,
                ref_name=ref_name,
                order=order,
                attempt=attempt,
                task=TaskReference.model_validate(task) if task is not None else None,
            )
            self._records.put(build_id, record.id, record)
            return record

    def get_record(self, build_id: int, record_id: str) -> Record:
        record = self._records.get(build_id, record_id.lower())
        if record is None:
            raise errors.record_not_found(record_id)
        return record

    def records(self, build_id: int) -> list[Record]:
        return self._records.all(build_id)

    def update(
        self,
        build_id: int,
        record_id: str,
        *,
        state: RecordState | None = None,
        result: Result | None = None,
        percent_complete: int | None = None,
        current_operation: str | None = None,
        worker_name: str | None = None,
    ) -> Record:
        """Change what is given; start and finish times follow from the state."""
        with self.store.changing():
            record = self.get_record(build_id, record_id)
            changes: dict[str, Any] = {
                name: value
                for name, value in {
                    "state": state,
                    "result": result,
                    "percent_complete": percent_complete,
                    "current_operation": current_operation,
                    "worker_name": worker_name,
                }.items()
                if value is not None
            }
            if state is not None and state != "pending" and record.start_time is None:
                changes["start_time"] = _now()
            if state == "completed":
                changes |= {"finish_time": _now(), "percent_complete": 100, "current_operation": None}
            return self._change_record(build_id, record, changes)

    def issue(
        self,
        build_id: int,
        record_id: str,
        type: Literal["error", "warning"],
        message: str,
        data: Mapping[str, str] | None = None,
    ) -> None:
        """Count an issue, and keep it while there are fewer than ten of its type."""
        with self.store.changing():
            record = self.get_record(build_id, record_id)
            count = record.error_count if type == "error" else record.warning_count
            changes: dict[str, Any] = {f"{type}_count": count + 1}
            if count < MAX_ISSUES:
                changes["issues"] = (*record.issues, Issue(type=type, message=message, data=dict(data or {})))
            self._change_record(build_id, record, changes)

    # Logs

    def log(self, build_id: int, record_id: str, lines: Iterable[str]) -> Log:
        """Append lines (without line ends) to the stored log of a record."""
        with self.store.changing():
            record = self.get_record(build_id, record_id)
            log_id = record.log_id
            if log_id == 0:
                log_id = self.create_log(build_id, path=f"logs\\{record.id}").id
                self._change_record(build_id, record, {"log_id": log_id})
            return self.append_log(build_id, log_id, lines)

    def create_log(self, build_id: int, path: str) -> Log:
        with self.store.changing():
            now = _now()
            log = Log(id=self.store.count(f"log/{build_id}"), path=path, created_on=now, changed_on=now)
            self._logs.put(build_id, log.id, log)
            return log

    def append_log(self, build_id: int, log_id: int, lines: Iterable[str]) -> Log:
        with self.store.changing():
            log, lines = self.get_log(build_id, log_id), list(lines)
            if lines:
                text = "".join(line.replace("\r", "").replace("\n", " ") + "\n" for line in lines)
                self.store.append(f"log/{build_id}/{log_id}", text.encode("utf-8", "replace"))
                log = log.model_copy(update={"line_count": log.line_count + len(lines), "changed_on": _now()})
                self._logs.put(build_id, log_id, log)
            return log

    def link_log(self, build_id: int, record_id: str, log_id: int) -> None:
        """Let a record show a log that was created by itself."""
        with self.store.changing():
            self.get_log(build_id, log_id)
            self._change_record(build_id, self.get_record(build_id, record_id), {"log_id": log_id})

    def get_log(self, build_id: int, log_id: int) -> Log:
        log = self._logs.get(build_id, log_id)
        if log is None:
            raise errors.log_not_found(log_id)
        return log

    def logs(self, build_id: int) -> list[Log]:
        return self._logs.all(build_id)

    def log_lines(self, build_id: int, log_id: int) -> list[str]:
        self.get_log(build_id, log_id)
        return self.store.read(f"log/{build_id}/{log_id}").decode("utf-8").split("\n")[:-1]

    # Attachments and artifacts

    def attach(self, build_id: int, record_id: str, type: str, name: str, content: bytes) -> Attachment:
        """Attach content to a record; the same type and name on the same record is replaced."""
        with self.store.changing():
            record = self.get_record(build_id, record_id)
            attachment = Attachment(record_id=record.id, type=type, name=name, size=len(content), created_on=_now())
            self._attachments.put(build_id, f"{record.id}/{type}/{name}", attachment)
            self.store.write(f"attachment/{build_id}/{record.id}/{type}/{name}", content)
            return attachment

    def attachments(self, build_id: int, type: str | None = None) -> list[Attachment]:
        found = self._attachments.all(build_id)
        return found if type is None else [each for each in found if each.type.lower() == type.lower()]

    def attachment_content(self, build_id: int, record_id: str, type: str, name: str) -> bytes:
        key = f"{record_id.lower()}/{type}/{name}"
        found = self._attachments.get(build_id, key) or self._attachment_in_any_case(build_id, key)
        if found is None:
            raise errors.attachment_not_found(type, name)
        return self.store.read(f"attachment/{build_id}/{found.record_id}/{found.type}/{found.name}")

    def _attachment_in_any_case(self, build_id: int, key: str) -> Attachment | None:
        for each in self.attachments(build_id):
            if f"{each.record_id}/{each.type}/{each.name}".lower() == key.lower():
                return each
        return None

    def artifact(self, build_id: int, name: str, files: Mapping[str, Path | bytes]) -> Artifact:
        """Add files to an artifact of the build, which is made when its name is new."""
        with self.store.changing():
            self.get(build_id)
            artifact = self._artifacts.get(build_id, name)
            if artifact is None:
                artifact = Artifact(id=self.store.count(f"artifact/{build_id}"), name=name)
            sizes = {}
            for path, content in files.items():
                data = content if isinstance(content, bytes) else content.read_bytes()
                self.store.write(f"artifact/{build_id}/{name}/{path}", data)
                sizes[path] = len(data)
            artifact = artifact.model_copy(update={"files": artifact.files | sizes})
            self._artifacts.put(build_id, name, artifact)
            return artifact

    def artifacts(self, build_id: int) -> list[Artifact]:
        return self._artifacts.all(build_id)

    def get_artifact(self, build_id: int, name: str) -> Artifact:
        for artifact in self.artifacts(build_id):
            if artifact.name.lower() == name.lower():
                return artifact
        raise errors.artifact_not_found(name, build_id)

    def artifact_file(self, build_id: int, name: str, path: str) -> bytes:
        artifact = self.get_artifact(build_id, name)
        if path not in artifact.files:
            raise errors.artifact_not_found(f"{name}/{path}", build_id)
        return self.store.read(f"artifact/{build_id}/{artifact.name}/{path}")

    def definitions(self) -> list[Definition]:
        return self._definitions.all("")

    def _definition(self, name: str) -> Definition:
        definition = self._definitions.get("", name)
        if definition is None:
            definition = Definition(id=self.store.count("definition"), name=name)
            self._definitions.put("", name, definition)
        return definition

    def _change(self, build_id: int, **changes: Any) -> None:
        with self.store.changing():
            self._builds.put("", build_id, self.get(build_id).model_copy(update=changes))

    def _change_record(self, build_id: int, record: Record, changes: Mapping[str, Any]) -> Record:
        record = record.model_copy(update=changes)
        self._records.put(build_id, record.id, record)
        return record


def _now() -> datetime:
    return datetime.now(timezone.utc)
