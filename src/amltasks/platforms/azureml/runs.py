"""Runs of a workspace as its run history tells of them: state, error, logs, metrics.

The SDK's own log stream fails with datastores that have SAS or identities instead of keys, and asks for one job alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from amltasks.data import Data
from amltasks.errors import ServiceError
from amltasks.platforms.azureml.answers import answered

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_HTTP_OK = (200, 206)
_NOTHING_NEW = (404, 416)  # no log yet; or it ends where we are
MOST_BYTES = 4 << 20  # of a log in one request


class _Told(Data):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class RunError(_Told):
    code: str | None = None
    message: str | None = None
    details: tuple[RunError, ...] | None = None


class _ErrorHolder(_Told):
    error: RunError | None = None


class _Warning(_Told):
    message: str | None = None


class RunDetails(_Told):
    """log_files: name → address, signed for some time."""

    status: str = ""
    error: _ErrorHolder | None = None
    warnings: tuple[_Warning, ...] | None = None
    log_files: dict[str, str] = Field(default={}, repr=False)


class RunHistory:
    """Of one workspace. Every method asks once, retries what may be retried, and raises ServiceError."""

    def __init__(self, tracking_uri: str, credential: TokenCredential, scope: str) -> None:
        """tracking_uri: of the workspace, which names the host of its services."""
        from azure.core import PipelineClient
        from azure.core.pipeline import policies

        host, _, path = tracking_uri.removeprefix("azureml://").partition("/mlflow/v1.0")
        self._host, self._path = f"https://{host}", path.split("?")[0]
        retries = policies.RetryPolicy(retry_total=5, retry_backoff_max=20)
        signed_in = policies.BearerTokenCredentialPolicy(credential, scope)
        self._services: PipelineClient[Any, Any] = PipelineClient(
            self._host, policies=[policies.UserAgentPolicy("amltasks"), retries, signed_in]
        )
        self._storage: PipelineClient[Any, Any] = PipelineClient(
            "https://storage", policies=[policies.UserAgentPolicy("amltasks"), policies.RetryPolicy(retry_total=3)]
        )

    def details(self, job: str) -> RunDetails:
        return RunDetails.model_validate(self._get(f"/history/v1.0{self._path}/runs/{job}/details", job))

    def metrics(self, job: str) -> dict[str, float]:
        """The last value of each metric that the notebook has logged by MLflow."""
        answer = self._get(f"/mlflow/v2.0{self._path}/api/2.0/mlflow/runs/get?run_id={job}", job)
        metrics = answer.get("run", {}).get("data", {}).get("metrics") or ()
        return {metric["key"]: metric["value"] for metric in metrics if isinstance(metric.get("value"), (int, float))}

    def log(self, address: str, start: int) -> bytes:
        """What a log holds from a byte on, as far as one answer goes; empty where there is nothing new."""
        from azure.core.rest import HttpRequest

        end = start + MOST_BYTES - 1
        headers = {"Range": f"bytes={start}-{end}", "x-ms-version": "2021-12-02"}
        with answered("The job's log could not be read"):
            answer = self._storage.send_request(HttpRequest("GET", address, headers=headers))
            if answer.status_code in _NOTHING_NEW:
                return b""
            answer.raise_for_status()
            content: bytes = answer.content
            # A service that does not know ranges sends all of it.
            return content if answer.status_code != _HTTP_OK[0] else content[start:]

    def close(self) -> None:
        self._services.close()
        self._storage.close()

    def _get(self, path: str, job: str) -> dict[str, Any]:
        from azure.core.rest import HttpRequest

        with answered(f"Azure ML did not tell of the job {job}"):
            answer = self._services.send_request(HttpRequest("GET", f"{self._host}{path}"))
            answer.raise_for_status()
            content = answer.json()
        if not isinstance(content, dict):
            raise ServiceError(f"Azure ML did not tell of the job {job}: its answer is not understood.")
        return content
