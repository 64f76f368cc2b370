"""Test runs with their results and attachments, and the rules that hold among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any

from sandbox.devops.build.state import Builds
from sandbox.devops.test import errors
from sandbox.devops.test.models import (
    Attachment,
    CustomField,
    Identity,
    Result,
    Run,
    RunCreate,
    RunUpdate,
    SubResult,
)
from sandbox.store import Store, Table

FIRST_RESULT_ID = 100_000
MAX_BATCH = 1000
MAX_LEVELS = 3  # of sub-results below a result
MAX_PER_LEVEL = 1000
MAX_ATTACHMENT = 75 * 2**20  # bytes: what the agent sends at most
RESULT_CUSTOM_FIELDS = ("AttemptId", "IsTestResultFlaky")
CLOSED = ("Completed", "Aborted")


class TestRuns:
    """All test runs of the project."""

    __test__ = False  # no test class, whatever its name looks like

    def __init__(self, store: Store, builds: Builds) -> None:
        self.store = store
        self._builds = builds
        self._runs = Table(store, "test run", Run)
        self._results = Table(store, "test result", Result)
        self._attachments = Table(store, "test attachment", Attachment)

    # Runs

    def create(self, request: RunCreate, identity: str) -> Run:
        with self.store.changing():
            if request.build is not None:
                self._check_build(request)
            elif request.pipeline_reference is not None:
                raise errors.invalid("A pipelineReference needs the build that it belongs to.")
            _check_times("completeDate", request.start_date, request.complete_date)
            now = _now()
            run = Run(
                id=self.store.count("test run"),
                request=request,
                state=request.state,
                started=request.start_date or (now if request.state == "InProgress" else None),
                completed=request.complete_date,
                created=now,
                updated=now,
                updated_by=identity,
            )
            self._runs.put("", run.id, run)
            return run

    def get(self, run_id: int) -> Run:
        run = self._runs.get("", run_id)
        if run is None:
            raise errors.run_not_found(run_id)
        return run

    def all(self) -> list[Run]:
        return self._runs.all("")

    def of_build(self, build_id: int) -> list[Run]:
        return [run for run in self.all() if run.request.build is not None and run.request.build.id == str(build_id)]

    def update(self, run_id: int, request: RunUpdate, identity: str) -> Run:
        with self.store.changing():
            run = self.get(run_id)
            if run.state in CLOSED and request.state not in (None, run.state):
                raise errors.illegal_state(f"Test run {run_id} is {run.state} and cannot become {request.state}.")
            state = request.state or run.state
            started, completed = request.started_date or run.started, request.completed_date or run.completed
            if state not in CLOSED and completed is not None:
                raise errors.invalid(f"A test run that is {state} has no completedDate.")
            _check_times("completedDate", started, completed)
            if request.delete_in_progress_results:
                for result in self._results.all(run_id):
                    if result.state != "Completed":
                        self._results.delete(run_id, result.id)
            changes = {
                name: value
                for name in ("name", "comment", "error_message", "tags", "build_flavor", "build_platform", "controller")
                if (value := getattr(request, name)) is not None
            }
            run = run.model_copy(
                update={
                    "request": run.request.model_copy(update=changes),
                    "state": state,
                    "substate": request.substate or run.substate,
                    "started": started,
                    "completed": completed or (_now() if state in CLOSED else None),
                    "updated": _now(),
                    "updated_by": identity,
                    "revision": run.revision + 1,
                }
            )
            self._runs.put("", run_id, run)
            return run

    def delete(self, run_id: int) -> None:
        with self.store.changing():
            self.get(run_id)
            self._runs.delete("", run_id)
            self._results.delete(run_id)
            self._attachments.delete(run_id)
            self.store.erase(f"test/{run_id}/")

    # Results

    def add_results(self, run_id: int, requests: Sequence[Result], identity: str) -> list[Result]:
        """Add results in the order given; their ids come in the same order."""
        with self.store.changing():
            run = self._open_for_results(run_id, requests)
            added = []
            for request in requests:
                if request.id is not None:
                    raise errors.invalid(f"A new result has no id, but {request.test_case_title!r} has {request.id}.")
                if not request.test_case_title:
                    raise errors.invalid("A result needs a testCaseTitle.")
                if run.request.automated and not request.automated_test_name:
                    raise errors.invalid(f"The automated test {request.test_case_title!r} needs an automatedTestName.")
                number = self.store.count(f"test result/{run_id}", FIRST_RESULT_ID)
                added.append(self._put_result(run_id, request.model_copy(update={"id": number}), identity))
            return added

    def update_results(self, run_id: int, requests: Sequence[Result], identity: str) -> list[Result]:
        """Change the members that are given; sub-results, if given, replace those that were there."""
        with self.store.changing():
            self.get(run_id)
            _check_batch(requests)
            changed = []
            for request in requests:
                if request.id is None:
                    raise errors.invalid("A result to be changed needs its id.")
                old = self.get_result(run_id, request.id)
                given = {name: getattr(request, name) for name in request.model_fields_set}
                changed.append(self._put_result(run_id, old.model_copy(update=given), identity))
            return changed

    def get_result(self, run_id: int, result_id: int) -> Result:
        self.get(run_id)
        result = self._results.get(run_id, result_id)
        if result is None:
            raise errors.result_not_found(run_id, result_id)
        return result

    def results(self, run_id: int) -> list[Result]:
        self.get(run_id)
        return self._results.all(run_id)

    def sub_results(self, run_id: int, result_id: int) -> list[SubResult]:
        """All sub-results of a result, each before its children."""
        return list(_flat(self.get_result(run_id, result_id).sub_results))

    # Attachments

    def attach(
        self,
        run_id: int,
        content: bytes,
        *,
        file_name: str,
        type: str,  # noqa: A002  (the service's word)
        comment: str | None,
        result_id: int = 0,
        sub_result_id: int = 0,
    ) -> Attachment:
        """Attach to a run, a result or a sub-result; a closed run still takes attachments, as the agent does it."""
        if len(content) > MAX_ATTACHMENT:
            raise errors.invalid(f"The attachment {file_name!r} has {len(content)} bytes, more than {MAX_ATTACHMENT}.")
        with self.store.changing():
            self._check_place(run_id, result_id, sub_result_id)
            attachment = Attachment(
                id=self.store.count("test attachment"),
                result_id=result_id,
                sub_result_id=sub_result_id,
                file_name=file_name,
                comment=comment,
                type=type,
                size=len(content),
                created=_now(),
            )
            self._attachments.put(run_id, attachment.id, attachment)
            self.store.write(f"test/{run_id}/{attachment.id}", content)
            return attachment

    def attachments(self, run_id: int, result_id: int = 0, sub_result_id: int = 0) -> list[Attachment]:
        self._check_place(run_id, result_id, sub_result_id)
        place = (result_id, sub_result_id)
        return [each for each in self._attachments.all(run_id) if (each.result_id, each.sub_result_id) == place]

    def attachment(self, run_id: int, attachment_id: int) -> tuple[Attachment, bytes]:
        """An attachment of a run, or of any result in it, with its content."""
        self.get(run_id)
        attachment = self._attachments.get(run_id, attachment_id)
        if attachment is None:
            raise errors.attachment_not_found(attachment_id)
        return attachment, self.store.read(f"test/{run_id}/{attachment_id}")

    def _check_place(self, run_id: int, result_id: int, sub_result_id: int) -> None:
        self.get(run_id)
        if result_id:
            result = self.get_result(run_id, result_id)
            if sub_result_id and sub_result_id not in {each.id for each in _flat(result.sub_results)}:
                raise errors.sub_result_not_found(result_id, sub_result_id)

    def _check_build(self, request: RunCreate) -> None:
        text = (request.build.id if request.build else None) or ""
        if not text.isdecimal():
            raise errors.invalid(f"build.id is the number of a build, not {text!r}.")
        build = self._builds.get(int(text))
        if request.pipeline_reference is not None and request.pipeline_reference.pipeline_id != build.id:
            raise errors.invalid(
                f"pipelineReference.pipelineId is {request.pipeline_reference.pipeline_id}, "
                f"but must be the id of the build, {build.id}."
            )

    def _open_for_results(self, run_id: int, requests: Sequence[Result]) -> Run:
        run = self.get(run_id)
        if run.state in CLOSED:
            raise errors.illegal_state(f"Test run {run_id} is {run.state} and takes no more results.")
        _check_batch(requests)
        return run

    def _put_result(self, run_id: int, result: Result, identity: str) -> Result:
        """Check a whole result, give what the service gives, and keep it."""
        _check_times("completedDate", result.started_date, result.completed_date)
        if result.completed_date is not None and result.completed_date == result.started_date:
            raise errors.invalid("completedDate of a result must be greater than its startedDate.")
        _check_custom_fields(result.custom_fields)
        _check_group(result.result_group_type, result.sub_results, 1)
        now, numbers = _now(), iter(range(1, MAX_BATCH * MAX_BATCH))
        duration = result.duration_in_ms
        if duration is None and result.started_date is not None and result.completed_date is not None:
            duration = (result.completed_date - result.started_date).total_seconds() * 1000
        result = result.model_copy(
            update={
                "state": result.state or "NotStarted",
                "outcome": result.outcome or "Unspecified",
                "duration_in_ms": duration or 0.0,
                "created_date": result.created_date or now,
                "last_updated_date": now,
                "run_by": result.run_by or Identity(display_name=identity),
                "revision": (result.revision or 0) + 1,
                "sub_results": _numbered(result.sub_results, numbers),
            }
        )
        self._results.put(run_id, result.id, result)
        return result


def _check_batch(requests: Sequence[Result]) -> None:
    if not 1 <= len(requests) <= MAX_BATCH:
        raise errors.invalid(f"A request has 1 to {MAX_BATCH} results, not {len(requests)}.")


def _check_times(name: str, started: datetime | None, completed: datetime | None) -> None:
    if started is not None and completed is not None and completed < started:
        raise errors.invalid(f"{name} {completed.isoformat()} is before the start {started.isoformat()}.")


def _check_custom_fields(fields: Iterable[CustomField]) -> None:
    for field in fields:
        if field.field_name not in RESULT_CUSTOM_FIELDS:
            raise errors.invalid(
                f"{field.field_name!r} is no custom field of a result; there are {', '.join(RESULT_CUSTOM_FIELDS)}."
            )


def _check_group(group_type: str | None, children: Sequence[SubResult], level: int) -> None:
    if not children:
        return
    if group_type in (None, "none"):
        raise errors.invalid("A result with subResults needs a resultGroupType other than none.")
    if level > MAX_LEVELS:
        raise errors.invalid(f"Sub-results are more than {MAX_LEVELS} levels deep.")
    if len(children) > MAX_PER_LEVEL:
        raise errors.invalid(f"{len(children)} sub-results on one level are more than {MAX_PER_LEVEL}.")
    for child in children:
        _check_times("completedDate", child.started_date, child.completed_date)
        _check_custom_fields(child.custom_fields)
        _check_group(child.result_group_type, child.sub_results, level + 1)


def _numbered(children: Sequence[SubResult], numbers: Any, parent: int = 0) -> tuple[SubResult, ...]:
    numbered = []
    for sequence, child in enumerate(children, 1):
        number = next(numbers)
        numbered.append(
            child.model_copy(
                update={
                    "id": number,
                    "parent_id": parent,
                    "sequence_id": child.sequence_id or sequence,
                    "sub_results": _numbered(child.sub_results, numbers, number),
                }
            )
        )
    return tuple(numbered)


def _flat(children: Iterable[SubResult]) -> Iterable[SubResult]:
    for child in children:
        yield child
        yield from _flat(child.sub_results)


def _now() -> datetime:
    return datetime.now(timezone.utc)
