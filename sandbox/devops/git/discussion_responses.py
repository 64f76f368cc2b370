"""Answers about what is said of a pull request."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sandbox.devops.git import errors, models
from sandbox.devops.git.discussions import AttachedFile, Comment, Discussions, Status, Thread
from sandbox.devops.git.state import PullRequest
from sandbox.wire import Answer, Call, bad_request, collection, format_time, without_null

# Threads and comments


def list_threads(call: Call) -> Answer:
    request = _of(call)
    return Answer(collection([_thread(each) for each in _said(call).threads(request.id)]))


def get_thread(call: Call) -> Answer:
    request = _of(call)
    return Answer(_thread(_said(call).thread(request.id, call.id("threadId"))))


def create_thread(call: Call) -> Answer:
    request = _to_write(call)
    asked: models.NewThread = call.json(models.NewThread)
    if len(asked.comments) > 1:
        raise bad_request("The sandbox begins a thread with one comment.")
    thread = _said(call).begin(request.id, call.identity, asked.comments[0].content, asked.status)
    return Answer(_thread(thread))


def update_thread(call: Call) -> Answer:
    request = _to_write(call)
    asked: models.ThreadUpdate = call.json(models.ThreadUpdate)
    return Answer(_thread(_said(call).set_status(request.id, call.id("threadId"), asked.status)))


def update_comment(call: Call) -> Answer:
    request = _to_write(call)
    asked: models.CommentUpdate = call.json(models.CommentUpdate)
    place = (call.id("threadId"), call.id("commentId"))
    return Answer(_comment(_said(call).edit(request.id, *place, call.identity, asked.content)))


def delete_comment(call: Call) -> Answer:
    request = _to_write(call)
    _said(call).delete(request.id, call.id("threadId"), call.id("commentId"), call.identity)
    return Answer()


# Statuses


def list_statuses(call: Call) -> Answer:
    request = _of(call)
    return Answer(collection([_status(each) for each in _said(call).statuses(request.id)]))


def create_status(call: Call) -> Answer:
    request = _to_write(call)
    asked: models.NewStatus = call.json(models.NewStatus)
    if asked.iteration_id is not None and asked.iteration_id > len(request.iterations or [""]):
        raise errors.iteration_not_found(asked.iteration_id)
    status = _said(call).state(
        request.id,
        call.identity,
        genre=asked.context.genre,
        name=asked.context.name,
        state=asked.state,
        description=asked.description,
        target_url=asked.target_url,
        iteration=asked.iteration_id,
    )
    return Answer(_status(status))


# Files


def list_attachments(call: Call) -> Answer:
    request = _of(call)
    return Answer(collection([_file(call, request, each) for each in _said(call).files(request.id)]))


def create_attachment(call: Call) -> Answer:
    request = _to_write(call)
    if "application/octet-stream" not in call.headers.get("content-type", "").lower():
        raise bad_request("An attachment is sent as application/octet-stream.")
    file = _said(call).attach(request.id, call.values["fileName"], call.identity, call.body)
    return Answer(_file(call, request, file), 201)


def get_attachment(call: Call) -> Answer:
    content = _said(call).file_content(_of(call).id, call.values["fileName"])
    return Answer(content, media_type="application/octet-stream")


# The shapes of answers


def _thread(thread: Thread) -> dict[str, Any]:
    return {
        "id": thread.id,
        "publishedDate": format_time(thread.published),
        "lastUpdatedDate": format_time(thread.updated),
        "comments": [_comment(comment) for comment in thread.comments],
        "status": thread.status,
        "threadContext": None,
        "identities": None,
        "isDeleted": thread.deleted,
    }


def _comment(comment: Comment) -> dict[str, Any]:
    return without_null(
        {
            "id": comment.id,
            "parentCommentId": 0,
            "author": {"displayName": comment.author},
            "content": None if comment.deleted else comment.content,
            "publishedDate": format_time(comment.published),
            "lastUpdatedDate": format_time(comment.updated),
            "lastContentUpdatedDate": format_time(comment.updated),
            "commentType": "text",
            "isDeleted": True if comment.deleted else None,
            "usersLiked": [],
        }
    )


def _status(status: Status) -> dict[str, Any]:
    return without_null(
        {
            "id": status.id,
            "iterationId": status.iteration,
            "state": status.state,
            "description": status.description,
            "context": {"name": status.name, "genre": status.genre},
            "creationDate": format_time(status.created),
            "updatedDate": format_time(status.created),
            "createdBy": {"displayName": status.author},
            "targetUrl": status.target_url,
        }
    )


def _file(call: Call, request: PullRequest, file: AttachedFile) -> dict[str, Any]:
    return {
        "id": file.id,
        "displayName": file.name,
        "author": {"displayName": file.author},
        "createdDate": format_time(file.created),
        "contentHash": file.digest,
        "url": f"{_url(call, request)}/attachments/{quote(file.name)}",
    }


def _url(call: Call, request: PullRequest) -> str:
    return f"{call.project_url}/_apis/git/repositories/{request.repository_id}/pullRequests/{request.id}"


# What the call names


def _said(call: Call) -> Discussions:
    return call.world.git.discussions


def _of(call: Call) -> PullRequest:
    git = call.world.git
    return git.get_pull_request(git.get(call.values["repositoryId"]), call.id("pullRequestId"))


def _to_write(call: Call) -> PullRequest:
    request = _of(call)
    if not call.world.git.get(request.repository_id).contributions:
        raise errors.not_allowed(call.identity)
    return request
