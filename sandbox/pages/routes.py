"""Addresses of pages and files. They are for people on this machine and need no token."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.pages import pull_requests, responses, tabs
from sandbox.pages.rendering import page
from sandbox.routing import ANY, Location, Route
from sandbox.wire import Answer, Call

_NOWHERE = Location("", "", "", "")  # pages are no resources that a client looks up


def _page(path: str, handler: Callable[[Call], Answer], query: tuple[str, ...] = ()) -> Route:
    return Route("GET", path, page(handler), _NOWHERE, query, published=False, page=True)


def _form(path: str, handler: Callable[[Call], Answer]) -> Route:
    return Route("POST", path, page(handler), _NOWHERE, (), published=False, page=True)


_RELEASE_QUERY = ("releaseId", "_a")
_RUN_QUERY = ("runId", "resultId", "_a", "paneView")

ROUTES = [
    _page("/", responses.show_builds),
    _page("/builds/{buildId}", responses.show_build),
    _form("/builds/{buildId}/approvals/{approvalId}/{decision}", responses.decide),
    _page("/builds/{buildId}/tests", responses.show_tests),
    _page("/builds/{buildId}/files", responses.show_files),
    _page("/builds/{buildId}/logs/{logId}", responses.show_log),
    _page("/builds/{buildId}/logs/{logId}/log.txt", responses.get_log),
    _page("/builds/{buildId}/attachments/{recordId}/{type}/{name}", responses.get_build_attachment),
    _page("/builds/{buildId}/artifacts/{artifact}/{*path}", responses.get_artifact_file),
    _page("/runs/{runId}", responses.show_run),
    _page("/runs/{runId}/results/{resultId}", responses.show_result),
    _page("/runs/{runId}/results/{resultId}/tabs/{contributionId}", tabs.show_result_tab, ANY),
    _page("/runs/{runId}/attachments/{attachmentId}/{name}", responses.get_test_attachment),
    _page("/builds/{buildId}/tabs/{contributionId}", tabs.show_build_tab, ANY),
    _page("/releases/{releaseId}", responses.show_release),
    _page("/releases/{releaseId}/tabs/{contributionId}", tabs.show_release_tab, ANY),
    _page("{project}/_release", responses.find_release, _RELEASE_QUERY),
    _page("{project}/_releaseProgress", responses.find_release, _RELEASE_QUERY),
    _page("/pull-requests/{pullRequestId}", pull_requests.show_pull_request),
    _page("/pull-requests/{pullRequestId}/attachments/{name}", pull_requests.get_picture),
    _page("{project}/_git/{repository}/pullrequest/{pullRequestId}", pull_requests.find_pull_request, ANY),
    _page("/extension-host/{name}", tabs.get_script),
    _page("{project}/_build/results", responses.find_build, ANY),
    _page("{project}/_testManagement/runs", responses.find_run, _RUN_QUERY),
]
