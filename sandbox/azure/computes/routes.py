"""Computes in ARM, and as azureml-core reads them in the data plane."""

from __future__ import annotations

from sandbox.azure.computes import responses
from sandbox.azure.paging import PARAMETERS
from sandbox.azure.routing import SUBSCRIPTION, WORKSPACE, Route
from sandbox.azure.versions import COMPUTES, MACHINE_LEARNING
from sandbox.azure.workspaces.state import TYPE

_SIZES = f"{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/locations/{{location}}/vmSizes"
_ALL, _ONE, _ACTION = f"{WORKSPACE}/computes", f"{WORKSPACE}/computes/{{compute}}", f"{TYPE}/computes"

ROUTES = [
    Route("GET", _SIZES, responses.list_sizes, "Microsoft.MachineLearningServices/locations/vmSizes/read", COMPUTES),
    Route("GET", _ALL, responses.list_computes, f"{_ACTION}/read", MACHINE_LEARNING, PARAMETERS),
    Route("GET", _ONE, responses.get_compute, f"{_ACTION}/read", MACHINE_LEARNING),
    Route("PUT", _ONE, responses.put_compute, f"{_ACTION}/write", COMPUTES),
    Route("PATCH", _ONE, responses.patch_compute, f"{_ACTION}/write", COMPUTES),
    Route(
        "DELETE",
        _ONE,
        responses.delete_compute,
        f"{_ACTION}/delete",
        COMPUTES,
        ["underlyingResourceAction"],
    ),
]
DATA_PLANE = [
    Route("GET", f"/rp/workspaces{_ALL}", responses.read_computes, f"{_ACTION}/read", COMPUTES, PARAMETERS),
    Route("GET", f"/rp/workspaces{_ONE}", responses.read_compute, f"{_ACTION}/read", COMPUTES),
]
