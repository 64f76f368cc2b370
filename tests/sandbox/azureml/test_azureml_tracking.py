"""MLflow within a job, by the real clients, and outside of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.azureml.scene import Scene

MLFLOW = ("mlflow-skinny==3.15.0", "azureml-mlflow==1.62.0.post6")
SCRIPT = """
import json, mlflow, os
mlflow.log_metric("loss", 1.5)
mlflow.log_metric("loss", 0.5, step=1)
mlflow.log_metrics({"a": 2, "b": float("nan")})
mlflow.log_params({"alpha": 0.1})
mlflow.set_tag("colour", "blue")
open("x.txt", "w").write("kept")
mlflow.log_artifact("x.txt", "deep")
client, name = mlflow.MlflowClient(), os.environ["AZUREML_RUN_ID"]
try:
    mlflow.log_param("alpha", 0.2)
    refused = ""
except Exception as error:
    refused = str(error)
run = client.get_run(name)
history = [(each.step, each.value) for each in client.get_metric_history(name, "loss")]
with open(client.download_artifacts(name, "deep/x.txt")) as file:
    artifact = file.read()
print("told " + json.dumps({
    "metrics": {key: value for key, value in run.data.metrics.items() if key != "b"}, "params": run.data.params,
    "tag": run.data.tags["colour"], "history": history, "b": str(run.data.metrics["b"]),
    "artifacts": [each.path for each in client.list_artifacts(name, "deep")], "artifact": artifact, "refused": refused,
    "status": run.info.status, "experiment": client.get_experiment(run.info.experiment_id).name,
}))
mlflow.end_run()
with mlflow.start_run(run_name="inner") as inner:
    mlflow.log_metric("inside", 1)
"""


def test_a_job_logs_to_its_own_run(scene: Scene) -> None:
    command = f"cat > log.py <<'END'\n{SCRIPT}\nEND\npython log.py"
    variables = {"MLFLOW_DISABLE_TELEMETRY": "true"}

    scene.submit(
        "logs",
        command,
        environment=scene.environment(*MLFLOW),
        environmentVariables=variables,
        experimentName="trying",
        tags={"build": "1"},
    )

    run = scene.ended("logs")
    log = scene.file("logs", "user_logs/std_log.txt")
    assert run.status == "Completed", log
    told = json.loads(next(line for line in log.splitlines() if line.startswith("told ")).removeprefix("told "))
    assert told["metrics"] == {"loss": 0.5, "a": 2.0}
    assert told["b"] == "nan"
    assert told["history"] == [[0, 1.5], [1, 0.5]]
    assert (told["params"], told["tag"]) == ({"alpha": "0.1"}, "blue")
    assert (told["artifacts"], told["artifact"]) == (["deep/x.txt"], "kept")
    assert "Changing param values is not allowed" in told["refused"]
    assert (told["status"], told["experiment"]) == ("RUNNING", "trying")
    assert run.tags == {"build": "1", "colour": "blue"}
    assert scene.file("logs", "deep/x.txt") == "kept"


class TestTheProtocol:
    """Where the clients do not lead."""

    def ask(self, scene: Scene, path: str, body: Any = None, **query: str) -> Any:
        method = "GET" if body is None else "POST"
        return scene.ask(method, f"mlflow/v2.0:api/2.0/mlflow/{path}", body, **query)

    def test_a_run_without_a_job_is_begun_and_ended_by_its_client(self, scene: Scene) -> None:
        experiment = self.ask(scene, "experiments/create", {"name": "mine"}).json()["experiment_id"]
        run = self.ask(scene, "runs/create", {"experiment_id": experiment, "run_name": "own"}).json()["run"]["info"]
        self.ask(scene, "runs/update", {"run_id": run["run_id"], "status": "FINISHED", "end_time": 1})

        found = self.ask(scene, "runs/get", run_id=run["run_id"]).json()["run"]["info"]

        assert (run["status"], found["status"], found["run_name"]) == ("RUNNING", "FINISHED", "own")
        searched = self.ask(scene, "runs/search", {"experiment_ids": [experiment]}).json()["runs"]
        assert [each["info"]["run_id"] for each in searched] == [run["run_id"]]
        assert scene.ask("GET", f"jobs/{run['run_id']}").status_code == 404

    def test_the_state_of_a_job_is_not_mlflows(self, scene: Scene) -> None:
        scene.submit("job", "sleep 300")

        answer = self.ask(scene, "runs/update", {"run_id": "job", "status": "FINISHED"})

        assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        scene.ask("POST", "jobs/job/cancel")

    @pytest.mark.parametrize(
        ("path", "body", "status", "code"),
        [
            ("runs/get", None, 404, "RESOURCE_DOES_NOT_EXIST"),
            (
                "runs/log-metric",
                {"run_id": "x", "key": "k", "value": 1, "timestamp": 1},
                404,
                "RESOURCE_DOES_NOT_EXIST",
            ),
            ("experiments/get-by-name", None, 404, "RESOURCE_DOES_NOT_EXIST"),
        ],
    )
    def test_what_is_not_there_is_refused(self, scene: Scene, path: str, body: Any, status: int, code: str) -> None:
        answer = self.ask(scene, path, body)

        assert (answer.status_code, answer.json()["error_code"]) == (status, code)

    def test_members_that_are_not_known_are_named(self, scene: Scene) -> None:
        answer = self.ask(
            scene, "runs/log-metric", {"run_id": "x", "key": "k", "value": 1, "timestamp": 1, "colour": 2}
        )

        assert (answer.status_code, "colour" in answer.text) == (400, True)

    def test_a_batch_has_its_limits(self, scene: Scene) -> None:
        params = [{"key": str(number), "value": ""} for number in range(101)]

        answer = self.ask(scene, "runs/log-batch", {"run_id": "x", "params": params})

        assert "at most 100 params" in answer.json()["message"]
