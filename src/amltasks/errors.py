"""The errors that a command may raise. What is expected of a notebook is a result, never an exception.

    AmlTasksError
    ├── UserError      bad input: one sentence, what was wrong, where, what to do   exit 2
    └── ServiceError   a service failed or refused: status, code, request id        exit 3

Anything else is a fault of this program and shows its traceback.
"""

from __future__ import annotations


class AmlTasksError(Exception):
    """Root of the tree: the message is for the user and complete in itself."""


class UserError(AmlTasksError):
    """The request cannot be carried out as it was made; the message says what to change."""


class ServiceError(AmlTasksError):
    """A service did not do what it was asked, after every retry that was safe.

    status: HTTP status, or None where no answer came. code: the service's own error key.
    request_id: what its support asks for. retry_after: seconds the service wished us to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after
