"""What one asks of repositories to learn what changed, and to get files without a checkout."""

from __future__ import annotations

from sandbox.devops.git import discussion_responses as discussion
from sandbox.devops.git import responses
from sandbox.routing import Location, Route

_AT = "{project}/_apis/git"
_IN = f"{_AT}/repositories/{{repositoryId}}"
_REPOSITORIES = Location(
    "225f7195-f9c7-4d14-ab28-a83f7ff77e1f", "git", "repositories", f"{_AT}/{{resource}}/{{repositoryId}}"
)
_REFS = Location("2d874a60-a811-4f62-9c9f-963a6ea0a55b", "git", "refs", f"{_IN}/{{resource}}")
_COMMITS = Location("c2570c3b-5b3f-41b8-98bf-5407bfde8d58", "git", "commits", f"{_IN}/{{resource}}/{{commitId}}")
_CHANGES = Location(
    "5bf884f5-3e07-42e9-afb8-1b872267bf16", "git", "changes", f"{_IN}/commits/{{commitId}}/{{resource}}"
)
_DIFFS = Location("615588d5-c0c7-4b88-88f8-e625306446e8", "git", "commits", f"{_IN}/diffs/{{resource}}")
_ITEMS = Location("fb93c0db-47ed-4a31-8c20-47552878fb44", "git", "items", f"{_IN}/{{resource}}/{{*path}}")
_PULL = Location("9946fd70-0d40-406e-b686-b4744cbbcc37", "git", "pullRequests", f"{_IN}/{{resource}}/{{pullRequestId}}")
_ITERATIONS = Location(
    "d43911ee-6958-46b0-a42b-8445b8a0d004",
    "git",
    "pullRequestIterations",
    f"{_IN}/pullRequests/{{pullRequestId}}/iterations/{{iterationId}}",
    2,
)
_ITERATION_CHANGES = Location(
    "4216bdcf-b6b1-4d59-8b82-c34cc183fc8b",
    "git",
    "pullRequestIterationChanges",
    f"{_IN}/pullRequests/{{pullRequestId}}/iterations/{{iterationId}}/changes",
)
_THREADS = Location(
    "ab6e2e5d-a0b7-4153-b64a-a4efe0d49449",
    "git",
    "pullRequestThreads",
    f"{_IN}/pullRequests/{{pullRequestId}}/threads/{{threadId}}",
)
_COMMENTS = Location(
    "965a3ec7-5ed8-455a-bdcb-835a5ea7fe7b",
    "git",
    "pullRequestThreadComments",
    f"{_IN}/pullRequests/{{pullRequestId}}/threads/{{threadId}}/comments/{{commentId}}",
)
_STATUSES = Location(
    "b5f6bb4f-8d1e-4d79-8d11-4c9172c99c35",
    "git",
    "pullRequestStatuses",
    f"{_IN}/pullRequests/{{pullRequestId}}/statuses/{{statusId}}",
)
_ATTACHMENTS = Location(
    "965d9361-878b-413b-a494-45d5b5fd8ab7",
    "git",
    "pullRequestAttachments",
    f"{_IN}/pullRequests/{{pullRequestId}}/attachments/{{fileName}}",
)

_VERSION = ["versionDescriptor.version", "versionDescriptor.versionType"]
_ITEM_QUERY = ["path", "scopePath", "recursionLevel", "$format", "download", "includeContent", "zipForUnix"]
_DIFF_QUERY = ["baseVersion", "baseVersionType", "targetVersion", "targetVersionType", "diffCommonCommit"]
_REPOSITORY = "{project}/_apis/git/repositories/{repositoryId}"
_PULL_REQUEST = _REPOSITORY + "/pullrequests/{pullRequestId}"
_COMMENT = _PULL_REQUEST + "/threads/{threadId}/comments/{commentId}"

ROUTES = [
    Route("GET", "{project}/_apis/git/repositories", responses.list_repositories, _REPOSITORIES),
    Route("GET", _REPOSITORY, responses.get_repository, _REPOSITORIES),
    Route("GET", f"{_REPOSITORY}/refs", responses.list_refs, _REFS, ["filter", "filterContains"]),
    Route("GET", f"{_REPOSITORY}/commits/{{commitId}}", responses.get_commit, _COMMITS),
    Route(
        "GET", f"{_REPOSITORY}/commits/{{commitId}}/changes", responses.list_commit_changes, _CHANGES, ["top", "skip"]
    ),
    Route("GET", f"{_REPOSITORY}/diffs/commits", responses.compare, _DIFFS, [*_DIFF_QUERY, "$top", "$skip"]),
    Route("GET", f"{_REPOSITORY}/items", responses.get_items, _ITEMS, [*_ITEM_QUERY, *_VERSION]),
    Route("GET", _PULL_REQUEST, responses.get_pull_request, _PULL),
    Route("GET", f"{_PULL_REQUEST}/iterations", responses.list_iterations, _ITERATIONS),
    Route("GET", f"{_PULL_REQUEST}/iterations/{{iterationId}}", responses.get_iteration, _ITERATIONS),
    Route(
        "GET",
        f"{_PULL_REQUEST}/iterations/{{iterationId}}/changes",
        responses.list_iteration_changes,
        _ITERATION_CHANGES,
        ["$top", "$skip", "$compareTo"],
    ),
    Route("GET", f"{_PULL_REQUEST}/threads", discussion.list_threads, _THREADS),
    Route("POST", f"{_PULL_REQUEST}/threads", discussion.create_thread, _THREADS),
    Route("GET", f"{_PULL_REQUEST}/threads/{{threadId}}", discussion.get_thread, _THREADS),
    Route("PATCH", f"{_PULL_REQUEST}/threads/{{threadId}}", discussion.update_thread, _THREADS),
    Route("PATCH", _COMMENT, discussion.update_comment, _COMMENTS),
    Route("DELETE", _COMMENT, discussion.delete_comment, _COMMENTS),
    Route("GET", f"{_PULL_REQUEST}/statuses", discussion.list_statuses, _STATUSES),
    Route("POST", f"{_PULL_REQUEST}/statuses", discussion.create_status, _STATUSES),
    Route("GET", f"{_PULL_REQUEST}/attachments", discussion.list_attachments, _ATTACHMENTS),
    Route("POST", f"{_PULL_REQUEST}/attachments/{{fileName}}", discussion.create_attachment, _ATTACHMENTS),
    Route("GET", f"{_PULL_REQUEST}/attachments/{{fileName}}", discussion.get_attachment, _ATTACHMENTS),
]
