"""Runs of a workspace as its run history tells of them, which the SDK has no calls for: state, logs, metrics, files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

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

    def children(self, job: str) -> list[str]:
        """Names of the runs directly below it. Raises UserError where there is no such run."""
        with answered(f"Azure ML did not tell of the run {job}"):
            told = self._get(f"/history/v1.0{self._path}/runs/{job}/children")
            found = list(told["value"])
            while token := told.get("continuationToken"):
                told = self._get(f"/history/v1.0{self._path}/runs/{job}/children?$continuationToken={quote(token)}")
                found += told["value"]
            return [each["runId"] for each in found]

    def files(self, job: str) -> list[str]:
        """Paths of what it has left, logs included."""
        with answered(f"Azure ML did not tell of the files of {job}"):
            told = self._get(f"/artifact/v2.0{self._path}/artifacts/ExperimentRun/dcid.{job}")
            return sorted(each["path"] for each in told["value"])

    def addresses(self, job: str, path: str) -> dict[str, str]:
        """Of a file, or of all below a folder: path → address, signed for some time."""
        with answered(f"Azure ML did not tell of the files of {job}"):
            place = f"/artifact/v2.0{self._path}/artifacts/prefix/contentinfo/ExperimentRun/dcid.{job}/{quote(path)}"
            whole = f"{path.rstrip('/')}/"
            found = {each["path"]: each["contentUri"] for each in self._get(place)["value"]}
            return {name: address for name, address in found.items() if name == path or name.startswith(whole)}

    def close(self) -> None:
        self._services.close()

    def _get(self, path: str) -> Any:
        from azure.core.rest import HttpRequest

        answer = self._services.send_request(HttpRequest("GET", f"{self._host}{path}"))
        answer.raise_for_status()
        return answer.json()
