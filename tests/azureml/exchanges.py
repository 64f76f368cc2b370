"""What a step on Azure ML asks of Azure, kind by kind: to let each fail, and to see that none is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.faults import Fault
from sandbox.journal import Exchange


@dataclass(frozen=True)
class Request:
    """A kind of request. method, path, query: as in faults. nth: which of them is let fail."""

    name: str
    method: str
    path: str
    query: str = "*"
    nth: int = 1

    def __str__(self) -> str:
        return self.name

    def fault(self, what: dict[str, Any]) -> Fault:
        return Fault.model_validate(
            {"method": self.method, "path": self.path, "query": self.query, "nth": self.nth, **what}
        )

    def is_kind_of(self, exchange: Exchange) -> bool:
        url = urlsplit(exchange.url)
        return self.fault({}).matches(exchange.method, url.path, url.hostname or "", url.query)


# In the order in which a step with two notebooks makes them, by a federated connection.
REQUESTS = (
    Request("assertion", "POST", "*/oidctoken"),
    Request("token", "POST", "*/oauth2/v2.0/token"),
    Request("workspace", "GET", "*/workspaces/tests"),
    Request("compute", "GET", "*/computes/*"),
    Request("jobs of earlier builds", "GET", "*/jobs", "*tag=*"),
    Request("whether a job is there", "GET", "*/jobs/*"),
    Request("whether the code is there", "GET", "*/codes/*/versions"),
    Request("place for the code", "POST", "*/startPendingUpload"),
    Request("whether the blobs are there", "HEAD", "*"),
    Request("blobs of the code", "PUT", "/*", "sv=*"),
    Request("what confirms the blobs", "PUT", "/*", "comp=metadata*"),
    Request("code", "PUT", "*/codes/*"),
    Request("environment", "PUT", "*/environments/*"),
    Request("job", "PUT", "*/jobs/*"),
    Request("details", "GET", "*/runs/*/details"),
    Request("log", "GET", "*/user_logs/std_log.txt"),
    Request("job that has ended", "GET", "*/jobs/*", nth=3),
    Request("workspace of what is collected", "GET", "*/workspaces/tests", nth=2),
    Request("services", "GET", "/discovery"),
    Request("run that has ended", "POST", "*/rundata"),
    Request("datastores", "GET", "*/datastores"),
    Request("datastore", "GET", "*/datastores/*"),
    Request("its secrets", "POST", "*/listSecrets"),
    Request("what there is to collect", "GET", "/azureml", "*comp=list*"),
    Request("result", "GET", "*/outputs/notebook/*"),
    Request("other logs", "GET", "*/dcid.*logs/*"),
    Request("metrics", "GET", "*/mlflow/*"),
)

# Of models, endpoints and computes, in the order in which `test_faults_of_places` makes them.
OF_PLACES = (
    Request("versions of a model", "GET", "*/models/m*/versions"),
    Request("whether there is a model", "GET", "*/models/m*"),
    Request("datastore for a model", "GET", "*/datastores/workspaceblobstore"),
    Request("its secrets", "POST", "*/listSecrets"),
    Request("whether the model is there", "HEAD", "*/LocalUpload/*"),
    Request("blobs of the model", "PUT", "*/LocalUpload/*"),
    Request("what confirms them", "PUT", "*/LocalUpload/*", "comp=metadata*"),
    Request("model", "PUT", "*/models/*/versions/1"),
    Request("version of a model", "GET", "*/models/*/versions/1"),
    Request("tags of the model", "PUT", "*/models/*/versions/1", nth=2),
    Request("where the model's blobs are", "GET", "/azureml-blobstore*", "*comp=list*"),
    Request("the model's blobs", "GET", "*/LocalUpload/*"),
    Request("whether there is an endpoint", "GET", "*/onlineEndpoints/*"),
    Request("endpoint", "PUT", "*/onlineEndpoints/far*"),
    Request("how far an operation is", "GET", "*/mfeOperationsStatus/*"),
    Request("deployments", "GET", "*/deployments"),
    Request("whether the code is there", "GET", "*/codes/*/versions"),
    Request("place for the code", "POST", "*/startPendingUpload"),
    Request("whether the code's blobs are there", "HEAD", "*/code/*"),
    Request("blobs of the code", "PUT", "*/code/*", "sv=*"),
    Request("what confirms the code's", "PUT", "*/code/*", "comp=metadata*"),
    Request("code", "PUT", "*/codes/*"),
    Request("environment", "PUT", "*/environments/*"),
    Request("deployment", "PUT", "*/deployments/*"),
    Request("deployment that is made", "GET", "*/deployments/*"),
    Request("shares", "PUT", "*/onlineEndpoints/far*", nth=3),
    Request("keys", "POST", "*/listKeys"),
    Request("log of a container", "POST", "*/getLogs"),
    Request("end of a deployment", "DELETE", "*/deployments/*"),
    Request("end of an endpoint", "DELETE", "*/onlineEndpoints/*"),
    Request("compute", "PUT", "*/computes/*"),
    Request("how far a compute is", "GET", "*/computes/*"),
    Request("end of a compute", "DELETE", "*/computes/*"),
)

FAULTS: dict[str, dict[str, Any]] = {
    "429": {"status": 429, "headers": {"Retry-After": "1"}},
    "409": {"status": 409},
    "412": {"status": 412},
    "500": {"status": 500},
    "500 after": {"status": 500, "when": "after"},
    "reset": {"reset": True},
    "reset after": {"reset": True, "when": "after"},
}
