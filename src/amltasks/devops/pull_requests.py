"""A pull request of Azure Repos: the one thread that a step keeps there, its status, and pictures to show in it.

Two builds that begin a thread at the same time find each other by looking again; the older thread stays.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from amltasks.data import Data
from amltasks.devops.client import Client
from amltasks.errors import ServiceError

GENRE = "azure-ml-tasks"
AZURE_REPOS = "TfsGit"

ThreadStatus = Literal["active", "fixed"]


class PullRequest(Data):
    """project: its id or name. repository: its id. provider: who serves it, as the agent calls it.

    iteration: which of the pushes is built, from 1; None where that is not told.
    """

    project: str
    repository: str
    provider: str = AZURE_REPOS
    number: int
    iteration: int | None = None

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> PullRequest | None:
        """From the job's variables by their real names, in any case; None where no pull request is built."""
        given = {name.lower(): value for name, value in variables.items()}
        number, iteration = (given.get(f"system.pullrequest.pullrequest{part}", "") for part in ("id", "iteration"))
        if not number.isdecimal():
            return None
        return cls(
            project=given.get("system.teamprojectid") or given.get("system.teamproject", ""),
            repository=given.get("build.repository.id", ""),
            provider=given.get("build.repository.provider") or AZURE_REPOS,
            number=int(number),
            iteration=int(iteration) if iteration.isdecimal() else None,
        )


@dataclass(frozen=True)
class Thread:
    """status: as the service has it; people set others than we do. content: of its first comment."""

    id: int
    comment: int
    status: str
    content: str


class Discussion:
    """What a step says on a pull request. All raise ServiceError, saying what is missing where it is a right.

    is_ours: tells by the content of its first comment whether a thread is the step's.
    """

    def __init__(self, client: Client, pull_request: PullRequest, is_ours: Callable[[str], bool]) -> None:
        self._client = client
        self._pull_request = pull_request
        self._is_ours = is_ours
        self._place = (pull_request.repository, pull_request.number)

    def thread(self) -> Thread | None:
        """The step's thread; one that somebody deleted does not count."""
        with self._told():
            threads = self._client.git(lambda git: git.get_threads(*self._place, self._pull_request.project))
        ours = [found for found in map(self._ours, threads or ()) if found]
        return min(ours, key=lambda thread: thread.id, default=None)

    def begin(self, content: str, status: ThreadStatus) -> Thread:
        """The step's thread, made of this comment; or the one that another build has begun meanwhile."""
        comment = {"parentCommentId": 0, "commentType": "text", "content": content}
        request = {"comments": [comment], "status": status}

        def call(git: Any) -> Thread:
            made = git.create_thread(request, *self._place, self._pull_request.project)
            return Thread(made.id, made.comments[0].id, str(made.status), content)

        with self._told():
            made = self._client.git_once(call, self.thread)
        first = self.thread() or made
        if first.id != made.id:
            self._delete(made)
        return first

    def update(self, thread: Thread, content: str, status: ThreadStatus | None) -> None:
        """status: None to leave it as it is."""
        place = (*self._place, thread.id)
        project = self._pull_request.project
        with self._told():
            if content != thread.content:
                changed = {"content": content}
                self._client.git(lambda git: git.update_comment(changed, *place, thread.comment, project))
            if status is not None and status != thread.status:
                self._client.git(lambda git: git.update_thread({"status": status}, *place, project))

    def show(self, name: str, content: bytes) -> str:
        """Attach a picture to the pull request; its address, for comments. name: the same only for the same content."""

        def call(git: Any) -> str:
            stream = io.BytesIO(content)
            return str(git.create_attachment(stream, name, *self._place, self._pull_request.project).url)

        def look() -> str | None:
            attached = self._client.git(lambda git: git.get_attachments(*self._place, self._pull_request.project))
            return next((str(file.url) for file in attached or () if file.display_name == name), None)

        with self._told():
            return look() or self._client.git_once(call, look)

    def state(self, name: str, state: Literal["succeeded", "failed"], description: str, url: str) -> None:
        """Set the step's status; branch policies can ask for it by its genre and name."""
        iteration = self._pull_request.iteration
        request = {
            "context": {"genre": GENRE, "name": name},
            "state": state,
            "description": description,
            "targetUrl": url or None,
            "iterationId": iteration,
        }

        def call(git: Any) -> bool:
            git.create_pull_request_status(request, *self._place, self._pull_request.project)
            return True

        def look() -> bool | None:
            project = self._pull_request.project
            statuses = self._client.git(lambda git: git.get_pull_request_statuses(*self._place, project))
            ours = [each for each in statuses or () if (each.context.genre, each.context.name) == (GENRE, name)]
            last = max(ours, key=lambda each: int(each.id), default=None)
            wanted = (state, description, iteration, url or None)
            told = last and (str(last.state), last.description, last.iteration_id, last.target_url)
            return True if told == wanted else None

        with self._told():
            self._client.git_once(call, look)

    def _ours(self, thread: Any) -> Thread | None:
        comment = thread.comments[0] if thread.comments else None
        if thread.is_deleted or comment is None or comment.is_deleted or not self._is_ours(comment.content or ""):
            return None
        return Thread(thread.id, comment.id, str(thread.status), comment.content)

    def _delete(self, thread: Thread) -> None:
        place = (*self._place, thread.id, thread.comment)
        with self._told():
            self._client.git(lambda git: git.delete_comment(*place, self._pull_request.project))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except ServiceError as error:
            if error.status != 403:
                raise
            raise ServiceError(
                "The build service may not write on pull requests: in the project's settings, under Repositories and "
                f"Security, allow it 'Contribute to pull requests' ({error})",
                status=403,
                code=error.code,
            ) from error
