"""Notebooks on Azure Machine Learning: one job each, submitted, watched, collected."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

from amltasks.errors import AmlTasksError, ServiceError, UserError
from amltasks.notebooks.records import EndingReason, RunEnding
from amltasks.notebooks.suite import WHY_NOT_RUN
from amltasks.platforms.azureml.collecting import collect, rescue
from amltasks.platforms.azureml.failures import JOB_LOG, LAST_LINES, last_lines, outcome_of
from amltasks.platforms.azureml.inside import FOLDER
from amltasks.platforms.azureml.orphans import cancel_superseded
from amltasks.platforms.azureml.request import AzureRequest
from amltasks.platforms.azureml.service import ACTIVE, CANCELED, Job, Service
from amltasks.platforms.azureml.step import Step
from amltasks.platforms.azureml.submission import Submission
from amltasks.platforms.azureml.threads import in_thread
from amltasks.platforms.azureml.watching import Watch, WatchedJob
from amltasks.platforms.base import NotebookRun, Progress, RunEvent, Stop
from amltasks.redaction import Redactor
from amltasks.report.model import NotebookResult, Outcome, harmless_address

CANCEL_SECONDS = 2.5  # to hear that a cancelled job is ending; a cancelled command has seven in all
WIND_UP_SECONDS = 60.0  # for a job that is out of time to leave what it has
_STOPPED = {
    "cancelled": (Outcome.CANCELLED, "Cancelled."),
    "runTimeout": (Outcome.TIMED_OUT, "Stopped: the time for the whole run (runTimeout) was over."),
}
_AT_ONCE = 8  # requests that submit or collect


class AzureMLCompute:
    """Jobs of one workspace, for one command."""

    def __init__(self, service: Service, request: AzureRequest, step: Step, root: Path) -> None:
        self._request = request
        self._step = step
        self._service = service
        self._submission = Submission(service, request, step, root)
        self._watch = Watch(service)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._pages: dict[str, str] = {}  # addresses of the jobs' pages, by run_id
        self.names: list[str] = []  # of its jobs, in the order in which they were submitted or found

    @property
    def waits(self) -> bool:
        """Whether the step wants to see the jobs through."""
        return self._request.wait or bool(self._request.resume)

    def preload(self, modules: Iterable[str]) -> None:
        """Nothing: kernels start elsewhere."""

    def close(self) -> None:
        self._service.close()
        self._watch.close()
        self._submission.close()

    def prepare(self) -> Iterator[str]:
        """Looks at workspace and compute, and cancels what earlier builds have left running; sentences for the log.

        Raises UserError where the workspace cannot be used as the step says, ServiceError.
        """
        self._service.open()
        self._submission.check()
        if self._request.compute:
            self._service.check_compute(self._request.compute)
        wanted = self._request.cancel_superseded
        if self._step.is_pull_request if wanted is None else wanted:
            yield from cancel_superseded(self._service, self._step)

    async def submit(self, runs: Sequence[NotebookRun], tell: Callable[[str], None], stop: Stop) -> None:
        """Submits jobs and leaves them; after a stop, no more, and those that were are cancelled."""

        async def one(run: NotebookRun) -> None:
            job = await self._submitted(run, lambda _: None, stop)
            if job and stop:
                await self._cancelled(job.name)
            elif job:
                tell(f"{run.title}: {job.name} {job.studio}")

        await asyncio.gather(*map(one, runs))

    async def run(self, run: NotebookRun, emit: Callable[[RunEvent], None], stop: Stop) -> NotebookResult:
        """See `amltasks.platforms.base.Compute`; after a stop, up to CANCEL_SECONDS go into cancelling."""
        started_at = datetime.now(timezone.utc)
        result = None
        try:
            while result is None:
                result = await self._seen_through(run, emit, stop, started_at)
        except (asyncio.CancelledError, AmlTasksError):  # what was asked for may be there all the same
            await asyncio.shield(self._cancelled(self._submission.begun.get(run.run_id)))
            raise
        return result.model_copy(update={"studio": self._pages.get(run.run_id, "")})

    async def _seen_through(
        self, run: NotebookRun, emit: Callable[[RunEvent], None], stop: Stop, started_at: datetime
    ) -> NotebookResult | None:
        """The result of the run's job; None where it was taken over from a try whose last act was to cancel it."""
        submitting = asyncio.ensure_future(self._submitted(run, emit, stop))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait([submitting, stopping], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([submitting], timeout=CANCEL_SECONDS / 2)  # at once, unless it was stopped
            if stop:
                return await self._stopped(run, None, stop, started_at, sure=submitting.done())
            job = await submitting
            assert job
            watched = self._watch.add(job, emit, Redactor(run.secrets))
            await asyncio.wait([watched.over, stopping], return_when=asyncio.FIRST_COMPLETED)
            if stop and not watched.over.done():
                return await self._stopped(run, watched, stop, started_at)
            await watched.over
            if watched.status in CANCELED and job.name in self._submission.taken_over:
                self._watch.drop(watched)
                self.names.remove(job.name)
                return None
            collecting = asyncio.ensure_future(self._collected(run, job, watched, started_at))
            await asyncio.wait([collecting, stopping], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([collecting], timeout=CANCEL_SECONDS if stop.reason == "cancelled" else None)
            if collecting.done():
                return await collecting
            collecting.cancel()
            return await self._stopped(run, watched, stop, started_at)
        finally:
            stopping.cancel()

    async def _submitted(self, run: NotebookRun, emit: Callable[[RunEvent], None], stop: Stop) -> Job | None:
        """None where it was stopped before anything was asked for."""
        async with self._places:
            if stop:
                return None
            job, words = await in_thread(self._submission.job_of, run)
        self.names.append(job.name)
        emit(Progress(text=f"Azure ML: {words} {job.name}"))
        if job.studio:
            emit(Progress(text=job.studio, page=job.studio))
            self._pages[run.run_id] = harmless_address(job.studio)
        return job

    async def _collected(self, run: NotebookRun, job: Job, watched: WatchedJob, started_at: datetime) -> NotebookResult:
        self._watch.drop(watched)
        folder = Path(tempfile.mkdtemp(prefix="amltasks-azureml-"))
        left, problem = folder, ""
        async with self._places:
            try:
                left = await in_thread(self._service.download, job.name, folder)
            except AmlTasksError as error:
                problem = str(error)
            metrics, lacking = await self._metrics(job)
        if (left / JOB_LOG).is_file():
            watched.saw_whole_log((left / JOB_LOG).read_bytes())
        else:
            await self._watch.finish(watched)
        result = await in_thread(collect, left / FOLDER, run)
        if result is None:
            await self._watch.explain(watched)
            result = await self._without_result(run, job, watched, left / FOLDER, started_at, problem)
        shutil.rmtree(folder, ignore_errors=True)
        return result.model_copy(
            update={
                "job": job.name,
                "scraps": {**metrics, **result.scraps},
                "notes": (*result.notes, *filter(None, [lacking])),
            }
        )

    async def _metrics(self, job: Job) -> tuple[dict[str, float], str]:
        """Those that the job has logged, and a sentence where that is not known."""
        try:
            return await in_thread(self._service.metrics, job.name), ""
        except AmlTasksError as error:
            return {}, f"The metrics that {job.name} has logged are not known: {error}"

    async def _without_result(
        self, run: NotebookRun, job: Job, watched: WatchedJob, left: Path, started_at: datetime, problem: str
    ) -> NotebookResult:
        """Of a job that has left none: what was saved or seen, and why it ended."""
        build_log = "" if watched.started else await self._watch.build_log(watched)
        tail = watched.tail[-LAST_LINES:] or last_lines(build_log)
        outcome, message = outcome_of(watched.status, watched.details, started=watched.started, log_tail=tail)
        if problem and outcome is not Outcome.CANCELLED:
            outcome, message = Outcome.NOT_RUN, f"The job ended in Azure ML, but its result is not known. {problem}"
        elif watched.status == "Completed":
            outcome, message = Outcome.NOT_RUN, "The job completed in Azure ML, but left no result that can be read."
        redactor = Redactor(run.secrets)
        notes = [f"In Azure ML Studio: {job.studio}"] if job.studio else []
        if tail:
            notes.append(redactor.text("\n".join(["The last lines of its log:", *tail])))
        death = RunEnding(reason=EndingReason.DIED, detail=message)
        reason = RunEnding(reason=EndingReason.CANCELLED) if outcome is Outcome.CANCELLED else death
        saved = await in_thread(rescue, left, run, reason, started_at, notes)
        if saved is not None:
            return saved.model_copy(update={"outcome": outcome, "message": redactor.text(message)})
        return _without_files(run, outcome, redactor.text(message), notes, watched, started_at)

    async def _stopped(
        self, run: NotebookRun, watched: WatchedJob | None, stop: Stop, started_at: datetime, *, sure: bool = True
    ) -> NotebookResult:
        """Cancels the job and hears that it is ending. Out of time there is still time to collect what it has done.

        sure: False while it may still be on its way to Azure ML.
        """
        name = self._submission.begun.get(run.run_id)
        if name is None:
            return run.result(Outcome.NOT_RUN, WHY_NOT_RUN[stop.reason or "cancelled"])
        sure = await self._cancelled(name) and sure
        notes = () if sure else (f"Azure ML has not confirmed that {name} is cancelled.",)
        outcome, message = _STOPPED[stop.reason or "cancelled"]
        if stop.reason == "runTimeout" and watched is not None:
            await asyncio.wait([watched.over], timeout=WIND_UP_SECONDS)
            if watched.over.done():
                job = await in_thread(self._service.find, name)
                result = await self._collected(run, job or Job(name=name, status=watched.status), watched, started_at)
                return result.model_copy(update={"outcome": outcome, "message": message})
        return _without_files(run, outcome, message, notes, watched, started_at)

    async def _cancelled(self, name: str | None) -> bool:
        """Whether Azure ML confirms, in good time, that it is ending the job, or has none of that name."""
        if name is None:
            return True

        def cancel() -> bool:
            self._service.cancel(name)
            found = self._service.find(name)
            return found is None or found.status in CANCELED or found.status not in ACTIVE

        try:
            return await asyncio.wait_for(in_thread(cancel), CANCEL_SECONDS)
        except (ServiceError, UserError, asyncio.TimeoutError):
            return False


def _without_files(
    run: NotebookRun,
    outcome: Outcome,
    message: str,
    notes: Sequence[str],
    watched: WatchedJob | None,
    started_at: datetime,
) -> NotebookResult:
    """The result of a job of which nothing was downloaded: what its log has told."""
    return run.result(
        outcome,
        message,
        notes=tuple(notes),
        cells=tuple(watched.cells) if watched else (),
        started_at=started_at,
        duration=round((datetime.now(timezone.utc) - started_at).total_seconds(), 3),
    )
