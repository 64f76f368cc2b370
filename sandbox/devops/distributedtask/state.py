"""Plans, hubs and events, over the state of builds; console lines are kept only while the server runs."""

from __future__ import annotations

from sandbox.devops.build.documents import Build, Record
from sandbox.devops.build.errors import timeline_not_found
from sandbox.devops.build.state import Builds
from sandbox.devops.distributedtask import errors
from sandbox.devops.distributedtask.models import JobEvent, RecordUpdate

HUBS = ("build",)


def find_plan(builds: Builds, hub: str, plan_id: str, timeline_id: str | None = None) -> Build:
    """The build whose plan it is."""
    if hub.lower() not in HUBS:
        raise errors.hub_not_found(hub)
    build = next((each for each in builds.all() if each.plan_id == plan_id.lower()), None)
    if build is None:
        raise errors.plan_not_found(plan_id)
    if timeline_id is not None and timeline_id.lower() != build.timeline_id:
        raise timeline_not_found(timeline_id)
    return build


def update_record(builds: Builds, build: Build, update: RecordUpdate) -> Record:
    if update.log is not None and update.log.id:
        builds.link_log(build.id, update.id, update.log.id)
    return builds.update(
        build.id,
        update.id,
        state=update.state,  # type: ignore[arg-type]  # one of the words, by its model
        result=update.result,  # type: ignore[arg-type]
        percent_complete=update.percent_complete,
        current_operation=update.current_operation,
        worker_name=update.worker_name,
    )


def post_event(builds: Builds, build: Build, event: JobEvent) -> None:
    """A task that waits is started or completed; the second completion of a task is refused."""
    builds.get_record(build.id, event.job_id)
    if event.task_id is None:
        raise errors.invalid(f"{event.name} needs a taskId.")
    with builds.store.changing():
        record = builds.get_record(build.id, event.task_id)
        if record.state == "completed":
            raise errors.already_completed(record.id)
        if event.name == "TaskCompleted":
            if event.result is None:
                raise errors.invalid("TaskCompleted needs a result.")
            builds.update(build.id, record.id, state="completed", result=event.result)  # type: ignore[arg-type]
        else:
            builds.update(build.id, record.id, state="inProgress")
