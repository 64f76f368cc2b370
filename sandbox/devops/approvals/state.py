"""Approvals and the decisions about them. Times are aware UTC datetimes."""

from __future__ import annotations

import threading
import uuid
from datetime import datetime, timezone
from typing import Literal

from sandbox.devops.approvals import errors
from sandbox.store import Document, Store, Table

Status = Literal["pending", "approved", "rejected", "canceled"]


class Approval(Document):
    """record: of the timeline, where it is asked for. instructions: for who approves."""

    id: str
    build_id: int
    record: str
    environment: str
    approver: str
    instructions: str = ""
    status: Status = "pending"
    comment: str = ""
    created_on: datetime
    changed_on: datetime


class Approvals:
    """All approvals of the project. Methods may be called from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._table = Table(store, "approval", Approval)
        self._decided = threading.Condition()

    def ask(self, build_id: int, record: str, environment: str, approver: str) -> Approval:
        now = datetime.now(timezone.utc)
        approval = Approval(
            id=str(uuid.uuid4()),
            build_id=build_id,
            record=record,
            environment=environment,
            approver=approver,
            instructions=f"Look at the results of the stages before, then let this one use {environment}.",
            created_on=now,
            changed_on=now,
        )
        self._table.put("", approval.id, approval)
        return approval

    def decide(self, identifier: str, status: Status, comment: str = "") -> Approval:
        with self._store.changing():
            approval = self.get(identifier)
            if approval.status != "pending":
                raise errors.already_decided(identifier, approval.status)
            changes = {"status": status, "comment": comment, "changed_on": datetime.now(timezone.utc)}
            approval = approval.model_copy(update=changes)
            self._table.put("", identifier, approval)
        with self._decided:
            self._decided.notify_all()
        return approval

    def get(self, identifier: str) -> Approval:
        approval = self._table.get("", identifier)
        if approval is None:
            raise errors.approval_not_found(identifier)
        return approval

    def all(self) -> list[Approval]:
        return self._table.all("")

    def wait(self, identifier: str) -> Approval:
        """Until it is decided."""
        with self._decided:
            while (approval := self.get(identifier)).status == "pending":
                self._decided.wait(1)  # bounded: another process may have written the same file
        return approval
