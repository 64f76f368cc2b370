"""Operations of model management: what goes on after a request was answered, step by step, and what came of it."""

from __future__ import annotations

import threading
import uuid
from datetime import datetime
from typing import Any, Literal

from sandbox.azure.resources import Resource
from sandbox.clock import Clock
from sandbox.store import Document, Store, Table
from sandbox.wire import format_time

State = Literal["NotStarted", "Running", "Succeeded", "Failed", "Cancelled", "TimedOut"]
ENDED = ("Succeeded", "Failed", "Cancelled", "TimedOut")


class Operation(Document):
    """workspace: its id in lower case. kind: what is done; step: the part of it that is being done.

    told: what a client sees go by. log: the address of what was written. place: of what came of it.
    """

    id: str
    workspace: str
    kind: str
    state: State = "Running"
    step: str = ""
    told: str = ""
    created: datetime
    ended: datetime | None = None
    error: dict[str, Any] | None = None
    log: str = ""
    place: str | None = None

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    def body(self, offset: int | None = None) -> dict[str, Any]:
        """offset: how much of what is told the client has seen; None where it does not want to see it."""
        body: dict[str, Any] = {
            "id": self.id,
            "operationType": self.kind,
            "state": self.state,
            "createdTime": format_time(self.created),
            "operationLog": self.log,
            "operationDetails": {"subOperationType": self.step, "subOperationState": self.state},
            "parentRequestId": self.id,
        }
        if self.ended:
            body["endTime"] = format_time(self.ended)
        if self.error:
            body["error"] = self.error
        if self.place:
            body["resourceLocation"] = self.place
        if offset is not None:
            body["streamingOperationLog"] = self.told[offset:]
        return body


class ServiceOperations:
    """Of all workspaces."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._table = Table(store, "azure-service-operation", Operation)
        self._store = store
        self._clock = clock
        self._ended = threading.Condition()

    def begin(self, workspace: Resource, kind: str, step: str = "") -> Operation:
        return self._put(
            Operation(
                id=str(uuid.uuid4()), workspace=workspace.id.lower(), kind=kind, step=step, created=self._clock.now()
            )
        )

    def find(self, workspace: Resource, name: str) -> Operation | None:
        return self._table.get(workspace.id.lower(), name)

    def tell(self, operation: Operation, step: str, sentence: str) -> None:
        """A line of what goes on, in the form in which clients read it."""
        with self._store.changing():
            now = self._now(operation)
            line = f"{self._clock.now():%Y%m%d%H%M%S}|{sentence}#"
            self._put(now.model_copy(update={"step": step, "told": now.told + line}))

    def end(self, operation: Operation, state: State = "Succeeded", **told: Any) -> None:
        """told: error, log, place, step. One that has ended stays as it is."""
        with self._store.changing():
            now = self._now(operation)
            if not now.has_ended:
                self._put(now.model_copy(update={"state": state, "ended": self._clock.now(), **told}))
        with self._ended:  # not within the change: who waits asks the store
            self._ended.notify_all()

    def wait(self, operation: Operation, seconds: float) -> Operation:
        """As it is once it has ended, or after so long."""
        with self._ended:
            self._ended.wait_for(lambda: self._now(operation).has_ended, seconds)
        return self._now(operation)

    def _now(self, operation: Operation) -> Operation:
        found = self._table.get(operation.workspace, operation.id)
        assert found is not None
        return found

    def _put(self, operation: Operation) -> Operation:
        self._table.put(operation.workspace, operation.id, operation)
        return operation
