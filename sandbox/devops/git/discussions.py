"""What is said of pull requests: threads of comments, statuses, and files to show in comments."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from typing import Any

from sandbox.devops.git import errors
from sandbox.store import Document, Store, Table

LONGEST_COMMENT = 150_000  # characters


class Comment(Document):
    """content: empty once it is deleted."""

    id: int
    author: str
    content: str
    published: datetime
    updated: datetime
    deleted: bool = False


class Thread(Document):
    id: int
    status: str
    comments: tuple[Comment, ...]
    published: datetime
    updated: datetime

    @property
    def deleted(self) -> bool:
        """As the service has it: when nothing is left of it."""
        return all(comment.deleted for comment in self.comments)


class Status(Document):
    id: int
    genre: str
    name: str
    state: str
    description: str
    target_url: str | None
    iteration: int | None
    author: str
    created: datetime


class AttachedFile(Document):
    id: int
    name: str
    author: str
    created: datetime
    digest: str


class Discussions:
    """By the pull request's number. Methods that change something may be called from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._threads = Table(store, "thread", Thread)
        self._statuses = Table(store, "pull request status", Status)
        self._files = Table(store, "pull request attachment", AttachedFile)

    # Threads

    def begin(self, number: int, author: str, content: str, status: str = "unknown") -> Thread:
        with self._store.changing():
            now = _now()
            comment = Comment(id=1, author=author, content=_checked(content), published=now, updated=now)
            thread = Thread(
                id=self._store.count("thread"),
                status=status,
                comments=(comment,),
                published=now,
                updated=now,
            )
            self._threads.put(number, thread.id, thread)
            return thread

    def threads(self, number: int) -> list[Thread]:
        return self._threads.all(number)

    def thread(self, number: int, thread_id: int) -> Thread:
        found = self._threads.get(number, thread_id)
        if found is None:
            raise errors.thread_not_found(thread_id)
        return found

    def set_status(self, number: int, thread_id: int, status: str) -> Thread:
        with self._store.changing():
            return self._change(number, self.thread(number, thread_id), status=status)

    def edit(self, number: int, thread_id: int, comment_id: int, author: str, content: str) -> Comment:
        """Only who has written a comment may change it."""
        return self._edit(number, thread_id, comment_id, author, content=_checked(content))

    def delete(self, number: int, thread_id: int, comment_id: int, author: str) -> None:
        self._edit(number, thread_id, comment_id, author, content="", deleted=True)

    def _edit(self, number: int, thread_id: int, comment_id: int, author: str, **changes: Any) -> Comment:
        with self._store.changing():
            thread = self.thread(number, thread_id)
            comments = {comment.id: comment for comment in thread.comments}
            comment = comments.get(comment_id)
            if comment is None or comment.deleted:
                raise errors.comment_not_found(comment_id)
            if comment.author != author:
                raise errors.not_the_author()
            comments[comment_id] = comment = comment.model_copy(update={**changes, "updated": _now()})
            self._change(number, thread, comments=tuple(comments.values()))
            return comment

    def _change(self, number: int, thread: Thread, **changes: Any) -> Thread:
        thread = thread.model_copy(update={**changes, "updated": _now()})
        self._threads.put(number, thread.id, thread)
        return thread

    # Statuses

    def state(
        self,
        number: int,
        author: str,
        *,
        genre: str,
        name: str,
        state: str,
        description: str,
        target_url: str | None,
        iteration: int | None,
    ) -> Status:
        """Each is kept; of one context the last one counts."""
        with self._store.changing():
            status = Status(
                id=self._store.count(f"pull request status/{number}"),
                genre=genre,
                name=name,
                state=state,
                description=description,
                target_url=target_url,
                iteration=iteration,
                author=author,
                created=_now(),
            )
            self._statuses.put(number, status.id, status)
            return status

    def statuses(self, number: int) -> list[Status]:
        return self._statuses.all(number)

    # Files

    def attach(self, number: int, name: str, author: str, content: bytes) -> AttachedFile:
        """A name is taken once."""
        with self._store.changing():
            if self._files.get(number, name) is not None:
                raise errors.attachment_exists(name)
            file = AttachedFile(
                id=self._store.count("pull request attachment"),
                name=name,
                author=author,
                created=_now(),
                digest=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            )
            self._files.put(number, name, file)
            self._store.write(f"pull request/{number}/{name}", content)
            return file

    def files(self, number: int) -> list[AttachedFile]:
        return self._files.all(number)

    def file_content(self, number: int, name: str) -> bytes:
        if self._files.get(number, name) is None:
            raise errors.attachment_not_found(name)
        return self._store.read(f"pull request/{number}/{name}")


def _checked(content: str) -> str:
    if len(content) > LONGEST_COMMENT:
        raise errors.comment_too_long(LONGEST_COMMENT)
    return content


def _now() -> datetime:
    return datetime.now(timezone.utc)
