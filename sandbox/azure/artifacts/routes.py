"""Files of runs in the data plane: below their run, and below what they come from, which is how the SDK v1 asks."""

from __future__ import annotations

from sandbox.azure.artifacts import responses
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.workspaces.state import TYPE

_OF_RUN = f"/history/v1.0{WORKSPACE}/experiments/{{experiment}}/runs/{{run}}/artifacts"
_ALL = f"/artifact/v2.0{WORKSPACE}/artifacts"
_ONE = "{origin}/{container}/{*path}"
_READ, _WRITE = f"{TYPE}/experiments/runs/read", f"{TYPE}/experiments/runs/write"

ROUTES = [
    Route("GET", _OF_RUN, responses.list_artifacts, _READ),
    Route("GET", f"{_OF_RUN}/contentinfo", responses.get_content_information, _READ, query=["path"]),
    Route("POST", f"{_OF_RUN}/batch/metadata", responses.create_artifacts, _WRITE),
    Route("GET", f"{_ALL}/contentinfo/{_ONE}", responses.get_content_information, _READ),
    Route("GET", f"{_ALL}/metadata/{_ONE}", responses.get_artifact, _READ),
    Route("GET", f"{_ALL}/prefix/contentinfo/{_ONE}", responses.list_content_information, _READ),
    Route("GET", f"{_ALL}/prefix/contentinfo/{{origin}}/{{container}}/", responses.list_content_information, _READ),
    Route("POST", f"{_ALL}/batch/metadata/{{origin}}/{{container}}", responses.create_artifacts, _WRITE),
    Route("GET", f"{_ALL}/{{origin}}/{{container}}", responses.list_artifacts, _READ),
    Route("GET", f"{_ALL}/{_ONE}", responses.list_artifacts, _READ),
]
