"""A pull request: its builds, its statuses, and what is said of it."""

from __future__ import annotations

import mimetypes
import re
from typing import Any

from markupsafe import Markup

from sandbox.devops.git.discussions import Status
from sandbox.pages.markup import markdown
from sandbox.pages.rendering import render
from sandbox.wire import Answer, Call

_PICTURE = re.compile(r'src="[^"]*/pullRequests/(?P<number>\d+)/attachments/(?P<name>[^"/]+)"', re.IGNORECASE)


def show_pull_request(call: Call) -> Answer:
    git = call.world.git
    request = git.find_pull_request(call.id("pullRequestId"))
    threads = [
        (thread, [(comment, _shown(comment.content)) for comment in thread.comments if not comment.deleted])
        for thread in git.discussions.threads(request.id)
        if not thread.deleted
    ]
    branch = f"refs/pull/{request.id}/merge"
    builds = [build for build in call.world.builds.all() if build.source_branch == branch]
    statuses = _last(git.discussions.statuses(request.id))
    values: dict[str, Any] = {"threads": threads, "builds": builds, "statuses": statuses}
    return render("pull_request.html", request=request, repository=git.get(request.repository_id), **values)


def get_picture(call: Call) -> Answer:
    """A file of the pull request, for its own comments: with a token it is had by REST."""
    name = call.values["name"]
    content = call.world.git.discussions.file_content(call.id("pullRequestId"), name)
    kind = mimetypes.guess_type(name)[0] or ""
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}
    return Answer(
        content, media_type=kind if kind.startswith("image/") else "application/octet-stream", headers=headers
    )


def find_pull_request(call: Call) -> Answer:
    """`_git/repository/pullrequest/7`."""
    return Answer(status=302, headers={"Location": f"/pull-requests/{call.id('pullRequestId')}"})


def _shown(content: str) -> Markup:
    """As Azure DevOps shows it to people who are signed in: with its pictures."""
    return Markup(_PICTURE.sub(r'src="/pull-requests/\g<number>/attachments/\g<name>"', str(markdown(content))))


def _last(statuses: list[Status]) -> list[Status]:
    """Of each context the one that counts."""
    return list({(status.genre, status.name): status for status in statuses}.values())
