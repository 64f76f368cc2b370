"""Jobs that nobody waits for any more: of a process that died, or of an older commit of the branch or pull request."""

from __future__ import annotations

from collections.abc import Iterator

from amltasks.errors import AmlTasksError
from amltasks.platforms.azureml.service import ACTIVE, ENDING, Service
from amltasks.platforms.azureml.step import LINE, RUN, Step


def cancel_superseded(service: Service, step: Step) -> Iterator[str]:
    """Cancels what earlier builds or attempts of this step have left active, and says so, a sentence each.

    Only jobs that carry this step's tags are touched, and none of this attempt. Raises ServiceError or UserError where
    the jobs cannot be listed.
    """
    for job in list(service.left(LINE, step.line)) if step.line else ():
        if job.status in ACTIVE - ENDING and job.tags.get(RUN) != step.run:
            try:
                service.cancel(job.name)
                yield f"Cancelled, as nobody waits for it any more: {job.name}"
            except AmlTasksError as error:
                yield f"Left running by an earlier build: {error}"
