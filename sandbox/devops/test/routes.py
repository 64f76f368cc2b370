"""Test runs, results and attachments: the GA area `test`, as the agent and the clients use it."""

from __future__ import annotations

from sandbox.devops.test import responses
from sandbox.routing import Location, Route

_AT = "{project}/_apis/{area}/{resource}/{runId}"
_RUNS = Location("cadb3810-d47d-4a3c-a234-fe5f3be50138", "Test", "Runs", _AT, version=3)
_STATISTICS = Location(
    "0a42c424-d764-4a16-a2d5-5c85f87d0ae8",
    "Test",
    "Runs",
    "{project}/_apis/{area}/{resource}/{runId}/Statistics",
    version=3,
)
_RESULTS = Location(
    "4637d869-3a76-4468-8057-0bb02aa385cf",
    "Test",
    "Results",
    "{project}/_apis/{area}/Runs/{runId}/{resource}/{testCaseResultId}",
    version=6,
)
_RUN_ATTACHMENTS = Location(
    "4f004af4-a507-489c-9b13-cb62060beb11",
    "Test",
    "Attachments",
    "{project}/_apis/{area}/Runs/{runId}/{resource}/{attachmentId}",
)
_RESULT_ATTACHMENTS = Location(
    "2bffebe9-2f0f-4639-9af8-56129e9fed2d",
    "Test",
    "Attachments",
    "{project}/_apis/{area}/Runs/{runId}/Results/{testCaseResultId}/{resource}/{attachmentId}",
)

_LIST = ["buildUri", "owner", "includeRunDetails", "automated", "$skip", "$top"]
_QUERY = ["minLastUpdatedDate", "maxLastUpdatedDate", "state", "isAutomated", "buildIds", "branchName", "runTitle"]
_RUN = "{project}/_apis/test/runs/{runId}"
_RESULT = _RUN + "/results/{testCaseResultId}"

ROUTES = [
    Route("POST", "{project}/_apis/test/runs", responses.create_run, _RUNS),
    Route("GET", "{project}/_apis/test/runs", responses.list_runs, _RUNS, [*_LIST, *_QUERY, "continuationToken"]),
    Route("GET", _RUN, responses.get_run, _RUNS, ["includeDetails"]),
    Route("PATCH", _RUN, responses.update_run, _RUNS),
    Route("DELETE", _RUN, responses.delete_run, _RUNS),
    Route("GET", f"{_RUN}/statistics", responses.get_statistics, _STATISTICS),
    Route("POST", f"{_RUN}/results", responses.add_results, _RESULTS),
    Route("PATCH", f"{_RUN}/results", responses.update_results, _RESULTS),
    Route(
        "GET", f"{_RUN}/results", responses.list_results, _RESULTS, ["$top", "$skip", "outcomes", "detailsToInclude"]
    ),
    Route("GET", _RESULT, responses.get_result, _RESULTS, ["detailsToInclude"]),
    Route("POST", f"{_RUN}/attachments", responses.attach, _RUN_ATTACHMENTS),
    Route("GET", f"{_RUN}/attachments", responses.list_attachments, _RUN_ATTACHMENTS),
    Route("GET", f"{_RUN}/attachments/{{attachmentId}}", responses.get_attachment, _RUN_ATTACHMENTS),
    Route("POST", f"{_RESULT}/attachments", responses.attach, _RESULT_ATTACHMENTS, ["testSubResultId"]),
    Route("GET", f"{_RESULT}/attachments", responses.list_attachments, _RESULT_ATTACHMENTS, ["testSubResultId"]),
    Route(
        "GET",
        f"{_RESULT}/attachments/{{attachmentId}}",
        responses.get_attachment,
        _RESULT_ATTACHMENTS,
        ["testSubResultId"],
    ),
]
