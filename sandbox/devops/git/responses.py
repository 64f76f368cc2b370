"""Answers of the git area, read-only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from sandbox.devops.core.responses import project_reference
from sandbox.devops.git import errors, objects
from sandbox.devops.git.objects import Change, Commit, Item
from sandbox.devops.git.state import PullRequest, Repository
from sandbox.wire import Answer, Call, bad_request, collection, without_null

DEFAULT_CHANGES = 100
MAX_ITERATION_CHANGES = 2000
RECURSIONS = ("none", "full", "onelevel", "onelevelplusnestedemptyfolders")
VERSION_TYPES = ("branch", "tag", "commit")


# Repositories and commits


def list_repositories(call: Call) -> Answer:
    return Answer(collection([_repository(call, each) for each in call.world.git.all()]))


def get_repository(call: Call) -> Answer:
    return Answer(_repository(call, _of(call)))


def list_refs(call: Call) -> Answer:
    found = objects.refs(_of(call))
    prefix, part = f"refs/{call.query.get('filter', '')}", call.query.get("filtercontains", "")
    return Answer(
        collection([{"name": n, "objectId": i} for n, i in found.items() if n.startswith(prefix) and part in n])
    )


def get_commit(call: Call) -> Answer:
    return Answer(_commit(call, _commit_of(call)))


def list_commit_changes(call: Call) -> Answer:
    """Against the first parent; of a first commit against nothing."""
    repository, commit = _of(call), _commit_of(call)
    base = commit.parents[0] if commit.parents else objects.empty_tree(repository)
    found = objects.changes(repository, base, commit.id)
    skip, top = call.number("skip", 0), call.number("top", DEFAULT_CHANGES)
    return Answer(
        {
            "changeCounts": _counts(found),
            "changes": [_change(call, repository, each, commit.id) for each in found[skip : skip + top]],
        }
    )


def compare(call: Call) -> Answer:
    """Diffs_Get: base to target, or with diffCommonCommit their merge base to target."""
    repository = _of(call)
    base, target = _version(call, "base"), _version(call, "target")
    common = objects.merge_base(repository, base, target)
    start = common if call.flag("diffCommonCommit") and common else base
    found = objects.changes(repository, start, target)
    skip, top = call.number("$skip", 0), call.number("$top", DEFAULT_CHANGES)
    ahead, behind = objects.distance(repository, base, target)
    return Answer(
        without_null(
            {
                "allChangesIncluded": skip + top >= len(found),
                "changeCounts": _counts(found),
                "changes": [_change(call, repository, each, target) for each in found[skip : skip + top]],
                "commonCommit": common,
                "baseCommit": base,
                "targetCommit": target,
                "aheadCount": ahead,
                "behindCount": behind,
            }
        )
    )


# Items


def get_items(call: Call) -> Answer:
    """Items_Get with `path`, Items_List with `scopePath`; as JSON, as the content, or as a zip."""
    repository = _of(call)
    commit = _version_of_items(call, repository)
    path = call.query.get("path") or call.query.get("scopepath") or "/"
    wanted = call.query.get("$format", "").lower() or call.headers.get("accept", "").lower()
    if "zip" in wanted:
        if "$format" in call.query and "api-version" not in call.query:
            raise bad_request("With $format the api-version is given in the query as well.")
        content = objects.archive(repository, commit, path, call.flag("zipForUnix"))
        return _file(content, f"{path.strip('/').rpartition('/')[2] or repository.name}.zip", "application/zip")
    recursion = call.query.get("recursionlevel", "none").lower()
    if recursion not in RECURSIONS:
        raise bad_request(f"recursionLevel {recursion!r} is none of {', '.join(RECURSIONS)}.")
    found = objects.items(repository, commit, path, recursive=recursion == "full")
    if "path" not in call.query:
        found = found[:1] if recursion == "none" else found
        return Answer(collection([_item(call, repository, each, commit) for each in found]))
    if found[0].kind == "blob" and (call.flag("download") or not _asks_for_json(call, wanted)):
        return _file(objects.blob(repository, found[0].object_id), found[0].path, "application/octet-stream")
    body = _item(call, repository, found[0], commit)
    if call.flag("includeContent") and found[0].kind == "blob":
        body["content"] = objects.blob(repository, found[0].object_id).decode("utf-8", "replace")
    return Answer(body)


# Pull requests


def get_pull_request(call: Call) -> Answer:
    repository = _of(call)
    request = call.world.git.get_pull_request(repository, call.id("pullRequestId"))
    return Answer(
        {
            "pullRequestId": request.id,
            "repository": _repository(call, repository),
            "status": "active",
            "title": request.title,
            "sourceRefName": request.source,
            "targetRefName": request.target,
            "lastMergeSourceCommit": {"commitId": objects.resolve(repository, request.source)},
            "lastMergeTargetCommit": {"commitId": objects.resolve(repository, request.target)},
            "supportsIterations": True,
        }
    )


def list_iterations(call: Call) -> Answer:
    repository = _of(call)
    request = call.world.git.get_pull_request(repository, call.id("pullRequestId"))
    count = len(request.iterations) or 1
    return Answer(collection([_iteration(repository, request, number) for number in range(1, count + 1)]))


def get_iteration(call: Call) -> Answer:
    repository, request, number = _of_iteration(call)
    return Answer(_iteration(repository, request, number))


def list_iteration_changes(call: Call) -> Answer:
    repository, request, number = _of_iteration(call)
    if call.number("$compareTo", 0) != 0:
        raise bad_request("The sandbox compares an iteration with the common commit only ($compareTo=0).")
    skip, top = call.number("$skip", 0), call.number("$top", DEFAULT_CHANGES)
    if top > MAX_ITERATION_CHANGES:
        raise bad_request(f"$top is at most {MAX_ITERATION_CHANGES}, not {top}.")
    source, target = _source(repository, request, number), objects.resolve(repository, request.target)
    found = objects.changes(repository, objects.merge_base(repository, source, target) or target, source)
    entries = [
        {"changeTrackingId": number, "changeId": number, **_change(call, repository, change, source)}
        for number, change in enumerate(found, 1)
    ]
    more = skip + top < len(entries)
    return Answer(
        {
            "changeEntries": entries[skip : skip + top],
            "nextSkip": skip + top if more else 0,
            "nextTop": top if more else 0,
        }
    )


# The shapes of answers


def _repository(call: Call, repository: Repository) -> dict[str, Any]:
    return {
        "id": repository.id,
        "name": repository.name,
        "url": _url(call, repository),
        "project": project_reference(call),
        "defaultBranch": objects.default_branch(repository),
        "remoteUrl": repository.path.as_uri(),
        "isDisabled": False,
    }


def _commit(call: Call, commit: Commit) -> dict[str, Any]:
    person = {"name": commit.author, "email": commit.email, "date": commit.date}
    return {
        "commitId": commit.id,
        "treeId": commit.tree,
        "parents": list(commit.parents),
        "author": person,
        "committer": person,
        "comment": commit.comment,
        "url": f"{_url(call, _of(call))}/commits/{commit.id}",
    }


def _item(call: Call, repository: Repository, item: Item, commit: str) -> dict[str, Any]:
    return without_null(
        {
            "objectId": item.object_id,
            "gitObjectType": item.kind,
            "commitId": commit,
            "path": item.path,
            "isFolder": True if item.kind == "tree" else None,
            "url": _item_url(call, repository, item.path, commit),
        }
    )


def _change(call: Call, repository: Repository, change: Change, commit: str) -> dict[str, Any]:
    return without_null(
        {
            "item": {
                "objectId": change.object_id,
                "gitObjectType": "blob",
                "commitId": commit,
                "path": change.path,
                "url": _item_url(call, repository, change.path, commit),
            },
            "changeType": change.kind,
            "sourceServerItem": change.original_path,
        }
    )


def _source(repository: Repository, request: PullRequest, number: int) -> str:
    """The commit that the source was at in an iteration."""
    return request.iterations[number - 1] if request.iterations else objects.resolve(repository, request.source)


def _iteration(repository: Repository, request: PullRequest, number: int) -> dict[str, Any]:
    source, target = _source(repository, request, number), objects.resolve(repository, request.target)
    return {
        "id": number,
        "reason": "create" if number == 1 else "push",
        "sourceRefCommit": {"commitId": source},
        "targetRefCommit": {"commitId": target},
        "commonRefCommit": {"commitId": objects.merge_base(repository, source, target) or target},
    }


def _counts(changes: Sequence[Change]) -> dict[str, int]:
    return dict(Counter(each.kind.split(", ")[-1].capitalize() for each in changes))


def _url(call: Call, repository: Repository) -> str:
    return f"{call.project_url}/_apis/git/repositories/{repository.id}"


def _item_url(call: Call, repository: Repository, path: str, commit: str) -> str:
    return f"{_url(call, repository)}/items?path={quote(path)}&versionType=Commit&version={commit}"


def _file(content: bytes, path: str, media_type: str) -> Answer:
    disposition = f"attachment; filename*=UTF-8''{quote(path.rpartition('/')[2])}"
    return Answer(content, media_type=media_type, headers={"Content-Disposition": disposition})


# What the call names


def _of(call: Call) -> Repository:
    return call.world.git.get(call.values["repositoryId"])


def _commit_of(call: Call) -> Commit:
    repository = _of(call)
    return objects.commit(repository, objects.resolve(repository, call.values["commitId"], "commit"))


def _of_iteration(call: Call) -> tuple[Repository, PullRequest, int]:
    repository = _of(call)
    request = call.world.git.get_pull_request(repository, call.id("pullRequestId"))
    number = call.id("iterationId")
    if not 1 <= number <= (len(request.iterations) or 1):
        raise errors.iteration_not_found(number)
    return repository, request, number


def _version(call: Call, side: str) -> str:
    name = call.query.get(f"{side}version")
    repository = _of(call)
    if not name:
        return objects.resolve(repository, objects.default_branch(repository))
    return objects.resolve(repository, name, _version_type(call, f"{side}VersionType"))


def _version_of_items(call: Call, repository: Repository) -> str:
    name = call.query.get("versiondescriptor.version")
    if not name:
        return objects.resolve(repository, objects.default_branch(repository))
    if name.startswith("refs/"):
        raise errors.commit_not_found(f"{name} (a branch is named without refs/heads/)")
    return objects.resolve(repository, name, _version_type(call, "versionDescriptor.versionType"))


def _version_type(call: Call, name: str) -> str:
    kind = call.query.get(name.lower(), "branch").lower()
    if kind not in VERSION_TYPES:
        raise bad_request(f"{name} {kind!r} is none of {', '.join(VERSION_TYPES)}.")
    return kind


def _asks_for_json(call: Call, wanted: str) -> bool:
    return "json" in wanted or call.flag("includeContent")
