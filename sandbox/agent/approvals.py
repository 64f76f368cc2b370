"""The approvals that the environments of a stage's deployment jobs ask for before it begins."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Literal

from sandbox.agent.cancellation import Cancellation
from sandbox.agent.pipeline import Stage
from sandbox.agent.verdict import Verdict
from sandbox.devops.build.documents import Build
from sandbox.world import World

Answer = Literal["approve", "reject", "ask"]
ANSWERS: tuple[Answer, ...] = ("approve", "reject", "ask")
APPROVER = "Sandbox User"


def environments(stage: Stage) -> list[str]:
    """Of the stage's deployment jobs, each once."""
    return list(dict.fromkeys(job.environment for job in stage.jobs if job.environment))


def approved(
    stage: Stage,
    record: str,
    wanted: Mapping[str, Answer],
    *,
    world: World,
    build: Build,
    cancellation: Cancellation,
) -> Verdict:
    """Wait for the approvals of the stage's environments, all of them before any job, as the service does.

    wanted: by environment, for those that have the check; whoever answers `ask` is a person. Rejected is Failed.
    """
    asked = [name for name in environments(stage) if name in wanted]
    if not asked:
        return Verdict.Succeeded
    builds = world.builds
    checkpoint = builds.record(
        build.id, type="Checkpoint", name="Checkpoint", ref_name="Checkpoint", parent=record, order=0
    ).id
    builds.update(build.id, checkpoint, state="inProgress")
    found = Verdict.Succeeded
    for name in asked:
        if found is Verdict.Succeeded:
            found = _ask(name, wanted[name], checkpoint, world, build, cancellation)
    builds.update(build.id, checkpoint, state="completed", result=found.wire)
    return found


def _ask(
    environment: str, answer: Answer, checkpoint: str, world: World, build: Build, cancellation: Cancellation
) -> Verdict:
    builds, approvals = world.builds, world.approvals
    record = builds.record(
        build.id,
        type="Checkpoint.Approval",
        name=f"Approval of {environment}",
        ref_name="Checkpoint.Approval",
        parent=checkpoint,
        order=1,
    ).id
    builds.update(build.id, record, state="inProgress")
    approval = approvals.ask(build.id, record, environment, APPROVER)
    lock = threading.Lock()

    def cancel() -> None:
        with lock:
            if approvals.get(approval.id).status == "pending":
                approvals.decide(approval.id, "canceled")

    with cancellation.telling(cancel):
        if answer != "ask" and not cancellation.requested:
            approvals.decide(approval.id, "approved" if answer == "approve" else "rejected")
        decided = approvals.wait(approval.id)
    verdicts = {"approved": Verdict.Succeeded, "rejected": Verdict.Failed, "canceled": Verdict.Canceled}
    verdict = verdicts[decided.status]
    builds.update(build.id, record, state="completed", result=verdict.wire)
    return verdict
