"""Work that goes on after its request was answered, and where a client asks what became of it."""

from __future__ import annotations

import threading
import traceback
import uuid
from collections.abc import Callable
from typing import Any, Literal

from sandbox.azure.routing import SUBSCRIPTION, Route
from sandbox.azure.versions import COMPUTES, V1_COMPUTES
from sandbox.azure.wire import AzureError, Call, reply
from sandbox.clock import Clock
from sandbox.store import Document, Store, Table
from sandbox.wire import Answer, format_time

Status = Literal["InProgress", "Succeeded", "Failed", "Canceled"]
_PATIENCE = 20  # seconds, for which clients wait for an answer
_PROVIDER = "Microsoft.MachineLearningServices"
_END_SECONDS = 10


class Operation(Document):
    """resource: the id of what is worked at. error: code and message, where it failed."""

    id: str
    resource: str
    status: Status = "InProgress"
    error: tuple[str, str] | None = None
    started: str | None
    ended: str | None = None


class Operations:
    """retry_ms: after how many milliseconds clients are told to ask again."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._table = Table(store, "azure-operation", Operation)
        self._clock = clock
        self._ended = threading.Condition()
        self.retry_ms = 200
        self._threads: set[threading.Thread] = set()
        self._closed = threading.Event()

    def begin(self, resource: str) -> Operation:
        operation = Operation(id=str(uuid.uuid4()), resource=resource, started=format_time(self._clock.now()))
        self._table.put("", operation.id, operation)
        return operation

    def end(self, operation: Operation, status: Status = "Succeeded", error: tuple[str, str] | None = None) -> None:
        done = {"status": status, "error": error, "ended": format_time(self._clock.now())}
        self._table.put("", operation.id, operation.model_copy(update=done))
        with self._ended:
            self._ended.notify_all()

    def get(self, name: str) -> Operation | None:
        return self._table.get("", name)

    def wait(self, name: str, seconds: float) -> None:
        """Until an operation has ended, so long at most."""

        def has_ended() -> bool:
            operation = self.get(name)
            return operation is None or operation.ended is not None

        with self._ended:
            self._ended.wait_for(has_ended, seconds)

    def run(self, resource: str, work: Callable[[], None], delay: float = 0) -> Operation:
        """Begin an operation whose work is done in a thread, after so many seconds; a AzureError is its failure."""
        operation = self.begin(resource)

        def carry_out() -> None:
            if self._closed.wait(delay):
                return
            try:
                work()
            except AzureError as error:
                self.end(operation, "Failed", (error.code, error.message))
            except Exception as error:  # our own fault: the client learns it, the console has the traceback
                traceback.print_exc()
                self.end(operation, "Failed", ("InternalServerError", f"The sandbox failed: {error}"))
            else:
                self.end(operation)

        thread = threading.Thread(target=carry_out, name="sandbox-operation", daemon=True)
        self._threads = {each for each in self._threads if each.is_alive()} | {thread}
        thread.start()
        return operation

    def close(self) -> None:
        """Let what is being done come to its end; what waits is not begun."""
        self._closed.set()
        for thread in self._threads:
            thread.join(_END_SECONDS)


def accepted(call: Call, operation: Operation, content: Any = None, status: int = 202, kind: str = "mfe") -> Answer:
    """The answer that tells where to ask. kind: of operation, as its address has it: mfe, compute, workspace."""
    location = call.azure.location
    base = f"https://{call.host}/subscriptions/{call.values['subscription']}/providers/{_PROVIDER}/locations/{location}"
    headers = {
        "Azure-AsyncOperation": f"{base}/{kind}OperationsStatus/{operation.id}?api-version={call.version}",
        "Location": f"{base}/{kind}OperationsResults/{operation.id}?api-version={call.version}",
        "Retry-After-Ms": str(call.azure.operations.retry_ms),
    }
    return reply(content, status, headers)


def _status(call: Call) -> Answer:
    """The SDK v1 would look every five seconds: it gets its answer when there is something to tell."""
    if call.version == V1_COMPUTES:
        call.azure.operations.wait(call.values["operation"], _PATIENCE)
    operation = _found(call)
    body: dict[str, Any] = {
        "id": call.path,
        "name": operation.id,
        "status": operation.status,
        "startTime": operation.started,
    }
    if operation.ended:
        body["endTime"] = operation.ended
    if operation.error:
        body["error"] = dict(zip(("code", "message"), operation.error, strict=True))
    headers = {} if operation.ended else {"Retry-After-Ms": str(call.azure.operations.retry_ms)}
    return reply(body, headers=headers)


def _result(call: Call) -> Answer:
    """202 until it has ended, then the resource where there is one."""
    operation = _found(call)
    if not operation.ended:
        return accepted(call, operation, kind=call.values["kind"])
    if operation.error:
        raise call.error(409, *operation.error)
    resource = call.azure.resources.get(operation.resource)
    return reply(resource.body) if resource else reply(status=204)


def _found(call: Call) -> Operation:
    operation = call.azure.operations.get(call.values["operation"])
    if operation is None:
        raise call.error(404, "OperationNotFound", f"The operation '{call.values['operation']}' was not found.")
    return operation


_BASE = SUBSCRIPTION + f"/providers/{_PROVIDER}/locations/{{location}}"

ROUTES = [
    Route("GET", _BASE + "/{kind}OperationsStatus/{operation}", _status, versions=COMPUTES),
    Route("GET", _BASE + "/{kind}OperationsResults/{operation}", _result, versions=COMPUTES),
]
