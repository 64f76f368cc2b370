"""What clients send about pull requests."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sandbox.wire import Integer, Text, Wire, one_of

THREAD_STATUSES = ("unknown", "active", "fixed", "wontFix", "closed", "byDesign", "pending")
STATES = ("notSet", "pending", "succeeded", "failed", "error", "notApplicable")

ThreadStatus = Annotated[str, one_of(*THREAD_STATUSES)]
State = Annotated[str, one_of(*STATES)]


class NewComment(Wire):
    parent_comment_id: Integer = 0
    content: Text
    comment_type: Annotated[str, one_of("text")] = "text"


class NewThread(Wire):
    comments: tuple[NewComment, ...] = Field(min_length=1)
    status: ThreadStatus = "unknown"


class ThreadUpdate(Wire):
    status: ThreadStatus


class CommentUpdate(Wire):
    content: Text


class StatusContext(Wire):
    name: Annotated[Text, Field(min_length=1)]
    genre: Text = ""


class NewStatus(Wire):
    context: StatusContext
    state: State = "notSet"
    description: Text = ""
    target_url: Text | None = None
    iteration_id: Annotated[Integer, Field(ge=1)] | None = None
