"""Runs of a workspace as its run history tells of them, which the SDK has no calls for: state, error, logs, metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amltasks.platforms.azureml.answers import MAY_PASS, answered
from amltasks.platforms.azureml.service import RunDetails

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


class RunHistory:
    """Of one workspace. Every method asks once, retries what may be retried, and raises ServiceError."""

    def __init__(self, tracking_uri: str, credential: TokenCredential, scope: str) -> None:
        """tracking_uri: of the workspace, which names the host of its services."""
        from azure.core import PipelineClient
        from azure.core.pipeline import policies

        host, _, path = tracking_uri.removeprefix("azureml://").partition("/mlflow/v1.0")
        self._host, self._path = f"https://{host}", path.split("?")[0]
        retries = policies.RetryPolicy(retry_total=5, retry_backoff_max=20, retry_on_status_codes=MAY_PASS)
        signed_in = policies.BearerTokenCredentialPolicy(credential, scope)
        self._services: PipelineClient[Any, Any] = PipelineClient(
            self._host, policies=[policies.UserAgentPolicy("amltasks"), retries, signed_in]
        )

    def details(self, job: str) -> RunDetails:
        with answered(f"Azure ML did not tell of the job {job}"):
            return RunDetails.model_validate(self._get(f"/history/v1.0{self._path}/runs/{job}/details"))

    def metrics(self, job: str) -> dict[str, float]:
        """The last value of each metric that the notebook has logged by MLflow."""
        with answered(f"Azure ML did not tell of the metrics of the job {job}"):
            run = self._get(f"/mlflow/v2.0{self._path}/api/2.0/mlflow/runs/get?run_id={job}")["run"]
            metrics = run["data"].get("metrics") or ()
            return {each["key"]: each["value"] for each in metrics if isinstance(each.get("value"), (int, float))}

    def close(self) -> None:
        self._services.close()

    def _get(self, path: str) -> Any:
        from azure.core.rest import HttpRequest

        answer = self._services.send_request(HttpRequest("GET", f"{self._host}{path}"))
        answer.raise_for_status()
        return answer.json()
