"""What the data plane refuses about runs of the SDK v1, and in which words; and where the SDK does not lead."""

from __future__ import annotations

import re
import uuid
from typing import Any

import httpx
import pytest

from sandbox.azure.artifacts import routes as artifacts
from sandbox.azure.computes import routes as computes
from sandbox.azure.credentials import routes as credentials
from sandbox.azure.datasets import routes as datasets
from sandbox.azure.datastores import routes as datastores
from sandbox.azure.environments import routes as environments
from sandbox.azure.history import routes as history
from sandbox.azure.metrics import routes as metrics
from sandbox.azure.modelmanagement import routes as modelmanagement
from sandbox.azure.routing import Route
from sandbox.azure.snapshots import routes as snapshots
from sandbox.azure.submissions import routes as submissions
from tests.sandbox.azureml_v1.scene import Scene

pytestmark = pytest.mark.xdist_group("azureml v1 runs")

OF_RUNS = (artifacts, history, metrics, snapshots, submissions)
OF_DATA = (credentials, datasets, environments, modelmanagement)
ROUTES: list[Route] = [
    *(route for service in (*OF_RUNS, *OF_DATA) for route in service.ROUTES),
    *computes.DATA_PLANE,
    *datastores.DATA_PLANE,
]
RUNS = "history/v1.0:experiments/e/runs"
SUBMIT = "execution/v1.0:experiments/e/snapshotrun"
EVENT = "Microsoft.MachineLearning.Run."


@pytest.fixture
def begun(scene: Scene) -> Scene:
    """With the run `r` of the experiment `e`, which its client has begun."""
    scene.ask("POST", "history/v1.0:experiments/e", {})
    assert scene.ask("PATCH", f"{RUNS}/r", {"runId": "r"}).status_code == 200
    return scene


def address(scene: Scene, route: Route) -> str:
    """Of an operation on what is there, or could be."""
    _, _, group, _, workspace = (scene.workspace.id.split("/")[index] for index in (1, 2, 4, 6, 8))
    known = {
        "subscription": scene.azure.subscription.id,
        "group": group,
        "workspace": workspace,
        "experiment": "e",
        "run": "r",
        "origin": "ExperimentRun",
        "container": "dcid.r",
        "path": "x",
        "snapshot": str(uuid.uuid4()),
        "experiment_id": str(uuid.uuid4()),
        **dict.fromkeys(("secret", "name", "saved", "dataset", "datastore", "model", "asset", "compute"), "x"),
        "version": "1",
    }
    return "https://westeurope.api.azureml.ms" + re.sub(r"\{\*?(\w+)\}", lambda found: known[found[1]], route.path)


def refusal(answer: httpx.Response) -> dict[str, Any]:
    """Code, message and details, wherever the service has them."""
    body = answer.json()
    found: dict[str, Any] = body.get("error", body)
    return found


def configuration(**changed: Any) -> dict[str, Any]:
    asked = {
        "command": "true",
        "target": "cpu",
        "environment": {"name": "p", "docker": {"baseImage": "x"}, "python": {"userManagedDependencies": True}},
    }
    return {"Configuration": {**asked, **changed}}


class TestGuards:
    """Every operation has them."""

    def answers(self, scene: Scene, token: str | None, **query: str) -> list[tuple[Route, httpx.Response]]:
        signed = {"Authorization": f"Bearer {token}"} if token else {}
        found = []
        with scene.cloud.client() as client:
            for route in ROUTES:
                asked = {**query, **({"api-version": route.versions[0]} if route.versions else {})}
                answer = client.request(route.method, address(scene, route), params=asked, headers=signed)
                found.append((route, answer))
        return found

    def test_who_has_no_token_or_anothers_is_not_known(self, begun: Scene) -> None:
        caller, issue = begun.cloud.builds.caller, begun.azure.tokens.issue
        management = "https://management.azure.com"

        for token in (None, issue(caller, "https://storage.azure.com"), issue(caller, management, -60)):
            for route, answer in self.answers(begun, token):
                assert answer.status_code == 401, (route.method, route.path)
                assert refusal(answer)["details"] is not None  # the SDK v1 cannot print an error without

    def test_readers_read_and_strangers_do_not(self, begun: Scene) -> None:
        reader, stranger = (begun.azure.directory.register(name) for name in ("reader", "stranger"))
        begun.azure.roles.assign(reader.object_id, "Reader", begun.workspace.id)
        tokens = [begun.azure.tokens.issue(each.caller, "https://management.azure.com") for each in (reader, stranger)]

        reads, refused = (self.answers(begun, token) for token in tokens)

        for route, answer in reads:
            assert (answer.status_code == 403) == (not route.action.endswith("/read")), (route.method, route.path)
        for _, answer in refused:
            assert answer.status_code == 403
            assert "does not have authorization to perform action" in refusal(answer)["message"]

    def test_parameters_that_are_not_known_are_named(self, begun: Scene) -> None:
        for route, answer in self.answers(begun, begun.cloud.token(), colour="blue"):
            assert answer.status_code == 400, (route.method, route.path)
            assert "Unknown query parameters: colour" in refusal(answer)["message"]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PATCH", f"{RUNS}/r"),
            ("POST", f"{RUNS}/r/events"),
            ("POST", "history/v1.0:experiments/e/runs:query"),
            ("POST", "history/v1.0:experiments:query"),
            ("POST", "metric/v2.0:runs/r/batch"),
            ("POST", "metric/v2.0:runs/r/full"),
            ("POST", "content/v2.0:snapshots/getblob"),
            ("POST", f"{SUBMIT}?runId=x"),
            ("POST", "artifact/v2.0:artifacts/batch/metadata/ExperimentRun/dcid.r"),
        ],
    )
    def test_members_that_are_not_known_are_named(self, begun: Scene, method: str, path: str) -> None:
        plain, _, run = path.partition("?runId=")

        answer = begun.ask(method, plain, {"colour": "blue"}, **({"runId": run} if run else {}))

        assert answer.status_code == 400
        assert "colour" in answer.json()["error"]["message"]


class TestSubmitting:
    @pytest.mark.parametrize(
        ("changed", "says"),
        [
            ({"target": "absent"}, "Unknown compute target 'absent'."),
            ({"command": None}, "has neither script nor command"),
            ({"script": "x.py"}, "has neither script nor command, or both"),
            ({"environment": {"name": "none", "version": "7"}}, "The environment none:7 is none of the workspace's"),
            ({"data": {"input": {}}}, "data.input"),
            ({"framework": "PySpark"}, "framework"),
            ({"maxRunDurationSeconds": 0}, "maxRunDurationSeconds"),
            ({"nodeCount": 3}, "exceeds the maximum number of nodes 2"),
        ],
    )
    def test_what_cannot_run_is_refused(self, begun: Scene, changed: dict[str, Any], says: str) -> None:
        answer = begun.ask("POST", SUBMIT, configuration(**changed), runId="x")

        assert answer.status_code == 400
        assert says in answer.json()["error"]["message"]
        assert begun.azure.runs.find(begun.workspace, "x") is None
        assert begun.ask("GET", "environments").json()["value"] == []

    def test_an_id_is_good_for_one_run(self, begun: Scene) -> None:
        one, two, bad = (begun.ask("POST", SUBMIT, configuration(), runId=name) for name in ("x", "X", "x y"))

        assert (one.status_code, one.json()) == (200, {"runId": "x"})
        assert (two.status_code, bad.status_code) == (409, 400)
        begun.ended("x")

    def test_snapshots_and_parents_must_be_there(self, begun: Scene) -> None:
        missing = str(uuid.uuid4())
        snapshot = begun.ask("POST", SUBMIT, {**configuration(), "SnapshotId": missing}, runId="x")
        parent = begun.ask("POST", SUBMIT, {**configuration(), "ParentRunId": "none"}, runId="x")

        assert (snapshot.status_code, snapshot.json()["error"]["message"]) == (400, f"Snapshot {missing} not found")
        assert parent.status_code == 404

    def test_its_time_is_limited(self, begun: Scene) -> None:
        begun.azure.execution.pace.grace = 0.1
        asked = configuration(command=["sleep", 300], maxRunDurationSeconds=1)

        begun.ask("POST", SUBMIT, asked, runId="late")

        run = begun.ended("late")
        assert run.status == "Canceled"
        assert run.warnings == ("The job has reached the limit of its time and was canceled.",)


class TestSnapshots:
    def create(self, scene: Scene, name: str, *files: str, parent: str | None = None) -> httpx.Response:
        """With files of which each is to be uploaded, and is not."""
        tree = {"name": "", "type": "Directory", "children": {file: {"name": file, "type": "File"} for file in files}}
        return scene.ask("POST", f"content/v2.0:snapshots/{name}", {"ParentSnapshotId": parent, "DirTreeNode": tree})

    def test_what_is_not_there_is_refused(self, scene: Scene) -> None:
        name = str(uuid.uuid4())

        assert self.create(scene, name, parent=str(uuid.uuid4())).status_code == 400
        missing = self.create(scene, name, "a.py")
        assert (missing.status_code, "a.py was not uploaded" in missing.text) == (400, True)
        assert self.create(scene, name, "..").status_code == 400
        assert scene.ask("POST", f"content/v2.0:snapshots/{name}/zip").status_code == 404
        assert self.create(scene, name).status_code == 200
        assert self.create(scene, name).status_code == 409

    def test_a_folder_of_another_is_no_upload(self, scene: Scene) -> None:
        elsewhere = "https://sandboxstorage.blob.core.windows.net/azureml/ExperimentRun/dcid.r/secret.txt"
        file = {"FullName": "a.py", "BlobUri": elsewhere, "FileSize": 1}
        tree = {"name": "", "type": "Directory", "children": {"a.py": {"name": "a.py", "type": "File"}}}
        body = {"DirTreeNode": tree, "FileRevisionList": {"FileNodes": [file]}}

        assert scene.ask("POST", f"content/v2.0:snapshots/{uuid.uuid4()}", body).status_code == 400

    def test_files_do_not_leave_their_folder(self, scene: Scene) -> None:
        for name in ("../x", "/x", "a//b", ""):
            assert scene.ask("POST", "content/v2.0:snapshots/getblob", {"FileNames": [name]}).status_code == 400


class TestEvents:
    def post(self, scene: Scene, name: str, **data: Any) -> httpx.Response:
        return scene.ask("POST", f"{RUNS}/r/events", {"name": EVENT + name, "data": {"RunId": "r", **data}})

    def test_a_run_is_what_its_events_say(self, begun: Scene) -> None:
        self.post(begun, "Start", StartTime="2026-11-21T09:00:00Z")
        assert begun.run_of("r").status == "Running"
        self.post(begun, "Heartbeat", TimeToLiveSeconds=120)
        self.post(begun, "Warning", Source="me", Message="careful")
        error = {"error": {"code": "UserError", "message": "broken", "innerError": {"code": "Mine"}}}
        self.post(begun, "Error", ErrorResponse=error)
        self.post(begun, "Failed", EndTime="2026-11-21T09:00:00Z")
        self.post(begun, "Completed")

        run = begun.run_of("r")
        assert (run.status, run.warnings) == ("Failed", ("careful",))
        assert run.error is not None
        assert (run.error.message, run.error.inner) == ("broken", ("Mine",))

    def test_many_come_at_once(self, begun: Scene) -> None:
        events = [{"name": f"{EVENT}{name}", "data": {"RunId": "r"}} for name in ("Start", "Completed")]

        answer = begun.ask("POST", "history/v1.0:experiments/e/batch/events", {"events": events})

        assert (answer.json(), begun.run_of("r").status) == ({"errors": []}, "Completed")

    def test_what_is_no_event_is_refused(self, begun: Scene) -> None:
        assert self.post(begun, "Exploded").status_code == 400

    def test_a_job_ends_by_itself(self, begun: Scene) -> None:
        begun.azure.execution.pace.grace = 0.1
        begun.submit("job", "sleep 300", experimentName="e")
        begun.running("job")
        event = f"{RUNS}/job/events"

        begun.ask("POST", event, {"name": f"{EVENT}Completed"})
        assert begun.run_of("job").status == "Running"
        begun.ask("POST", event, {"name": f"{EVENT}CancelRequested"})
        assert begun.ended("job").status == "Canceled"

    def test_a_run_gets_a_token_of_its_own(self, begun: Scene) -> None:
        told = begun.ask("GET", f"{RUNS}/r/token").json()

        headers = {"Authorization": f"Bearer {told['token']}"}
        address = f"https://westeurope.api.azureml.ms/history/v1.0{begun.workspace.id}/runs/r"
        assert begun.cloud.ask("GET", address, headers=headers).status_code == 200
        recorded = begun.cloud.world.journal.exchanges[-2].response_body
        assert recorded["token"] != told["token"]


class TestRuns:
    def test_what_a_run_is_cannot_be_changed(self, begun: Scene) -> None:
        begun.ask("PATCH", f"{RUNS}/r", {"properties": {"p": "1"}})

        for changed in ({"properties": {"p": "2"}}, {"parentRunId": "x"}, {"name": "y"}, {"runId": "z"}):
            assert begun.ask("PATCH", f"{RUNS}/r", changed).status_code == 400
        assert begun.ask("PATCH", f"{RUNS}/r", {"properties": {"p": "1"}, "tags": {"t": None}}).status_code == 200
        assert begun.run_of("r").tags == {"t": None}

    def test_runs_are_in_their_experiment_alone(self, begun: Scene) -> None:
        begun.ask("POST", "history/v1.0:experiments/other", {})

        assert begun.ask("GET", "history/v1.0:experiments/other/runs/r").status_code == 404
        assert begun.ask("PATCH", "history/v1.0:experiments/other/runs/r", {}).status_code == 404
        assert begun.ask("PATCH", "history/v1.0:experiments/none/runs/new", {}).status_code == 404
        assert begun.ask("PATCH", f"{RUNS}/new", {"parentRunId": "none"}).status_code == 404
        assert begun.ask("POST", "history/v1.0:experiments/a%2Cb", {}).status_code == 400

    def test_many_are_begun_or_none(self, begun: Scene) -> None:
        bad = begun.ask(
            "PATCH", "history/v1.0:experiments/e/batch/runs", {"runs": [{"runId": "one"}, {"runId": "no good"}]}
        )

        assert bad.status_code == 400
        assert [run.id for run in begun.azure.runs.all(begun.workspace)] == ["r"]

    def test_pages_follow_each_other(self, begun: Scene) -> None:
        for number in range(4):
            begun.ask("PATCH", f"{RUNS}/r{number}", {"parentRunId": "r", "tags": {"n": str(number)}})
        asked: dict[str, Any] = {"filter": "ParentRunId eq r", "orderby": "RunId asc", "top": 3}

        first = begun.ask("POST", "history/v1.0:experiments/e/runs:query", asked).json()
        begun.ask("PATCH", f"{RUNS}/a-new-one", {"parentRunId": "r"})  # what comes between does not shift them
        token = first["continuationToken"]
        second = begun.ask("POST", "history/v1.0:experiments/e/runs:query", {**asked, "continuationToken": token})

        assert [run["runId"] for run in first["value"]] == ["r0", "r1", "r2"]
        assert [run["runId"] for run in second.json()["value"]] == ["r3"]
        assert second.json()["continuationToken"] is None
        query = {"$top": "2", "$orderby": "RunId", "$sortorder": "desc", "$filter": "Tags/n ne 3"}
        children = begun.ask("GET", f"{RUNS}/r/children", **query).json()
        assert [run["runId"] for run in children["value"]] == ["r2", "r1"]

    @pytest.mark.parametrize(
        ("asked", "says"),
        [
            ({"filter": "Status is Running"}, "'is' is none of"),
            ({"filter": "Colour eq blue"}, "There is no field 'Colour'"),
            ({"orderby": "Colour desc"}, "There is no order 'Colour desc'"),
            ({"orderby": "RunId sideways"}, "There is no order 'RunId sideways'"),
            ({"top": 0}, "A page has 1 to 1000 items, not 0"),
            ({"continuationToken": "x"}, "The continuation token x is not known"),
        ],
    )
    def test_what_cannot_be_asked_is_refused(self, begun: Scene, asked: dict[str, Any], says: str) -> None:
        answer = begun.ask("POST", "history/v1.0:experiments/e/runs:query", asked)

        assert answer.status_code == 400
        assert says in answer.json()["error"]["message"]

    def test_experiments_are_archived_renamed_and_found(self, scene: Scene) -> None:
        made = scene.ask("POST", "history/v1.0:experiments/first", {}).json()
        one = f"history/v1.0:experimentids/{made['experimentId']}"

        def names(view: str = "ActiveOnly", **asked: str) -> list[str]:
            found = scene.ask("POST", "history/v1.0:experiments:query", {"viewType": view, **asked}).json()["value"]
            return [each["name"] for each in found]

        scene.ask("PATCH", one, {"tags": {"a": "b"}, "name": "second"})
        assert (names(), names(filter='Tags/a eq "b"'), names(filter="name eq first")) == (["second"], ["second"], [])
        scene.ask("PATCH", one, {"archive": True})
        assert (names(), names("ArchivedOnly"), names("All")) == ([], ["second"], ["second"])
        scene.ask("POST", f"{one}/tags:delete", {"tags": ["a"]})
        scene.ask("PATCH", one, {"archive": False})
        assert scene.ask("GET", one).json()["tags"] == {}
        scene.ask("POST", "history/v1.0:experiments/third", {})
        assert scene.ask("PATCH", one, {"name": "third"}).status_code == 409


class TestMetrics:
    def log(self, scene: Scene, name: str, kind: str, *values: dict[str, Any], **columns: str) -> Any:
        points = [
            {"metricId": str(uuid.uuid4()), "createdUtc": "2026-11-21T09:00:00Z", "data": each} for each in values
        ]
        metric = {"name": name, "columns": columns, "value": points, "properties": {"uxMetricType": kind}}
        answer = scene.ask("POST", "metric/v2.0:runs/r/batch", {"values": [metric], "reportErrors": True})
        return answer.json()["errors"]

    def test_a_metric_stays_of_its_kind(self, begun: Scene) -> None:
        assert self.log(begun, "m", "azureml.v1.scalar", {"m": 1}, m="int") == []
        assert self.log(begun, "m", "azureml.v1.scalar", {"m": 0.5}, m="double") == []

        [error] = self.log(begun, "m", "azureml.v1.table", {"a": 1}, a="int")

        assert error["metric"]["name"] == "m"
        assert "logged before as one of another kind" in error["errorResponse"]["error"]["message"]
        found = begun.ask("POST", "metric/v2.0:runs/r/full", {"metricName": "m"}).json()
        assert [(each["step"], each["data"]["m"]) for each in found["value"]] == [(0, 1), (1, 0.5)]
        assert found["columns"] == {"m": "double"}

    def test_mlflow_and_the_sdk_log_to_the_same(self, begun: Scene) -> None:
        body = {"run_id": "r", "key": "k", "value": 0.25, "timestamp": 1, "step": 4}
        begun.ask("POST", "mlflow/v2.0:api/2.0/mlflow/runs/log-metric", body)

        found = begun.ask("POST", "metric/v2.0:runs/r/full", {"metricName": "k"}).json()

        assert [(each["step"], each["data"]) for each in found["value"]] == [(4, {"k": 0.25})]
        [listed] = begun.ask("POST", "metric/v2.0:runs/r/list", {}).json()["value"]
        assert listed == {"metricKey": {"namespace": "", "name": "k"}, "columns": {"k": "double"}}

    def test_they_are_found_by_their_time(self, begun: Scene) -> None:
        self.log(begun, "text", "azureml.v1.scalar", {"text": "words"}, text="string")

        def count(**between: str) -> int:
            found = begun.ask("POST", "metric/v2.0:runs/r/full", {"metricName": "text", **between}).json()
            return len(found["value"])

        assert count(startTime="2026-11-21T08:00:00Z", endTime="2026-11-21T10:00:00Z") == 1
        assert count(startTime="2026-11-21T10:00:00Z") == count(endTime="2026-11-21T08:00:00Z") == 0
        assert begun.ask("POST", "metric/v2.0:runs/r/full", {"metricName": "none"}).status_code == 404


class TestArtifacts:
    def test_files_are_written_and_read_by_their_addresses(self, begun: Scene) -> None:
        where = "ExperimentRun/dcid.r"
        asked = {"paths": [{"path": "a/x.txt"}, {"path": "a/y.txt"}, {"path": "ab.txt"}]}
        made = begun.ask("POST", f"artifact/v2.0:artifacts/batch/metadata/{where}", asked).json()
        with begun.cloud.client() as client:
            for name, content in made["artifactContentInformation"].items():
                blob = {"x-ms-blob-type": "BlockBlob"}
                assert client.put(content["contentUri"], headers=blob, content=name).status_code == 201

        def paths(path: str) -> list[str]:
            return [each["path"] for each in begun.ask("GET", f"artifact/v2.0:artifacts/{path}").json()["value"]]

        assert paths(where) == ["a/x.txt", "a/y.txt", "ab.txt"]
        assert paths(f"{where}/a") == paths(f"prefix/contentinfo/{where}/a") == ["a/x.txt", "a/y.txt"]
        assert paths(f"prefix/contentinfo/{where}/ab.txt") == ["ab.txt"]
        found = begun.ask("GET", f"artifact/v2.0:artifacts/contentinfo/{where}/a/x.txt").json()
        with begun.cloud.client() as client:
            assert client.get(found["contentUri"]).content == b"a/x.txt"
        told = begun.ask("GET", f"artifact/v2.0:artifacts/metadata/{where}/ab.txt").json()
        assert told["artifactId"] == f"{where}/ab.txt"

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("contentinfo/ExperimentRun/dcid.r/none.txt", 404),
            ("ExperimentRun/dcid.none", 404),
            ("Elsewhere/dcid.r", 404),
            ("LocalUpload/none", 200),
        ],
    )
    def test_what_is_not_there_is_refused(self, begun: Scene, path: str, status: int) -> None:
        assert begun.ask("GET", f"artifact/v2.0:artifacts/{path}").status_code == status

    def test_paths_do_not_leave_their_folder(self, begun: Scene) -> None:
        where = "artifact/v2.0:artifacts/batch/metadata/ExperimentRun/dcid.r"

        assert begun.ask("POST", where, {"paths": [{"path": "../x"}]}).status_code == 400
