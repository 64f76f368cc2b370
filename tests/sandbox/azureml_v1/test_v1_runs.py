"""Runs as the unmodified SDK v1 submits, watches, reads and cancels them, and as the SDK v2 sees the same."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.azure.conftest import Cloud
from tests.sandbox.azure.sdk import RefusedError, Sdk
from tests.sandbox.azureml_v1.scene import Scene

pytestmark = pytest.mark.xdist_group("azureml v1 runs")

TRAIN = """
import os, sys
from azureml.core import Run
run = Run.get_context()
run.log("loss", 1.5)
run.log("loss", 0.5)
run.log("count", 3)
run.log("strange", float("nan"))
run.log("words", "some")
run.log_list("list", [1, 2])
run.log_row("row", x=1, y="a")
run.log_row("row", x=2, y="b")
run.log_table("table", {"p": [1, 2], "q": [0.5, 1.5]})
run.log_confusion_matrix("matrix", {"schema_type": "confusion_matrix", "schema_version": "1.0.0",
                                    "data": {"class_labels": ["0", "1"], "matrix": [[1, 2], [3, 4]]}})
with open("x.txt", "w") as file:
    file.write("kept")
run.upload_file("deep/x.txt", "x.txt")
os.makedirs("outputs/sub", exist_ok=True)
with open("outputs/sub/o.txt", "w") as file:
    file.write("made")
run.tag("colour", "blue")
run.tag("bare")
run.add_properties({"own": "property"})
with run.child_run("kid") as child:
    child.log("inside", 1)
known = type(run).__name__, run.experiment.name, run.get_status()
print("told", *known, sys.argv, os.environ["GREETING"], os.getcwd() == sys.path[0])
"""
FAILING = "from azureml.core import Run\nRun.get_context().log('before', 1)\nraise ValueError('it broke')\n"
SUBMIT = """
with_sdk = Environment("with-sdk")
with_sdk.docker.base_image, with_sdk.python.user_managed_dependencies = "mcr.microsoft.com/azureml/base", True
with_sdk.environment_variables = {"PYTHONPATH": site, "GREETING": "hello"}
first = Experiment(ws, "first")
def submit(script, *arguments, **more):
    more = {"compute_target": "cpu", "environment": plain, "arguments": list(arguments), **more}
    return first.submit(ScriptRunConfig(source, script=script, **more), tags={"file": script})
"""
STORY = """
train = submit("train.py", "--alpha", 0.5, "two words", environment=with_sdk)
failing = submit("failing.py", environment=with_sdk)
result = [train.id, failing.id]
"""
TOLD = """
import os, json
train, failing = (Run.get(ws, each) for each in (train, failing))
def told(run):
    details = run.get_details_with_logs()
    log = details["logFiles"]["user_logs/std_log.txt"]
    return {"status": run.get_status(), "error": details.get("error"), "log": log, "metrics": run.get_metrics(),
            "definition": details["runDefinition"], "files": run.get_file_names(), "type": run.type,
            "tags": run.get_tags(), "properties": run.get_properties()}
train.download_file("outputs/sub/o.txt", folder + "/o.txt")
train.download_files(prefix="deep", output_directory=folder + "/all")
found = lambda **asked: [run.id for run in Experiment(ws, "first").get_runs(**asked)]
[child] = train.get_children()
matrix = train.get_metrics("matrix", populate=True)["matrix"].convert_to_object()
result = {
    "train": told(train), "failing": told(failing), "matrix": matrix["data"]["matrix"],
    "downloaded": [open(folder + "/o.txt").read(), open(folder + "/all/deep/x.txt").read()],
    "child": [child.name, child.get_status(), child.get_metrics(), child.parent.id],
    "recursive": [sorted(metrics) for metrics in train.get_metrics(recursive=True).values()],
    "found": {
        "all": found(), "tag": found(tags={"file": "train.py"}), "other": found(tags={"file": "none"}),
        "has": found(tags="bare"), "property": found(properties={"own": "property"}),
        "type": found(type="azureml.scriptrun"), "children": len(found(include_children=True)),
    },
    "environment": train.get_environment().name,
}
"""


@pytest.fixture(scope="module")
def story(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A workspace with a run of each kind, ended, and what the SDK tells of them."""
    folder = tmp_path_factory.mktemp("story")
    scene = Scene(cloud, cloud.world.azure.workspaces.create("story"))
    scene.azure.computes.create(scene.workspace, "cpu", nodes=2)
    code = folder / "code"
    code.mkdir()
    (code / "train.py").write_text(TRAIN)
    (code / "failing.py").write_text(FAILING)
    train, failing = scene.run(SUBMIT + STORY, source=str(code), site=_site(cloud))
    for name in (train, failing):
        scene.ended(name)
    told = scene.run(SUBMIT + TOLD, source=str(code), folder=str(folder), train=train, failing=failing, site="")
    return {"scene": scene, "train": train, "failing": failing, "told": told}


def _site(cloud: Cloud) -> str:
    """Where the SDK is installed: jobs' Pythons find it there, and need no installation of their own."""
    base = str(cloud.sdk.python.parent.parent)
    return sysconfig.get_path("purelib", vars={"base": base, "platbase": base})


class TestAScriptThatTellsOfItself:
    @pytest.fixture
    def told(self, story: dict[str, Any]) -> Any:
        return story["told"]["train"]

    def test_it_ran_in_its_run(self, story: dict[str, Any], told: Any) -> None:
        assert told["status"] == "Completed"
        arguments = ["train.py", "--alpha", "0.5", "two words"]
        assert f"told _SubmittedRun first Running {arguments} hello True" in told["log"]
        assert story["train"].startswith("first_")
        assert told["type"] == "azureml.scriptrun"
        assert told["error"] is None

    def test_its_metrics_are_what_it_logged(self, story: dict[str, Any], told: Any) -> None:
        metrics = told["metrics"]

        assert str(metrics.pop("strange")) == "nan"
        assert metrics.pop("matrix").startswith("aml://artifactId/ExperimentRun/dcid.first_")
        assert metrics == {
            "loss": [1.5, 0.5],
            "count": 3,
            "words": "some",
            "list": [1, 2],
            "row": {"x": [1, 2], "y": ["a", "b"]},
            "table": {"p": [1, 2], "q": [0.5, 1.5]},
        }
        assert story["told"]["matrix"] == [[1, 2], [3, 4]]

    def test_its_child_has_metrics_of_its_own(self, story: dict[str, Any]) -> None:
        assert story["told"]["child"] == [">kid", "Completed", {"inside": 1}, story["train"]]
        assert ["inside"] in story["told"]["recursive"]

    def test_its_files_are_kept(self, story: dict[str, Any], told: Any) -> None:
        assert {"deep/x.txt", "outputs/sub/o.txt", "user_logs/std_log.txt"} <= {*told["files"]}
        assert story["told"]["downloaded"] == ["made", "kept"]

    def test_tags_and_properties_are_kept(self, told: Any) -> None:
        assert told["tags"] == {"file": "train.py", "colour": "blue", "bare": None}
        assert told["properties"]["own"] == "property"
        assert told["properties"]["ContentSnapshotId"]

    def test_what_was_asked_for_is_told(self, story: dict[str, Any], told: Any) -> None:
        definition = told["definition"]

        assert (definition["script"], definition["arguments"]) == ("train.py", ["--alpha", 0.5, "two words"])
        assert definition["environment"]["name"] == story["told"]["environment"] == "with-sdk"
        assert definition["environment"]["version"] == "1"

    def test_it_is_found_by_what_it_is_called(self, story: dict[str, Any]) -> None:
        train, failing, found = story["train"], story["failing"], story["told"]["found"]

        assert {*found["all"]} == {*found["type"]} == {train, failing}
        assert found["tag"] == found["has"] == found["property"] == [train]
        assert found["other"] == []
        assert found["children"] == 3

    def test_the_sdk_v2_sees_it_as_a_command_job(self, story: dict[str, Any], sdk: Sdk, tmp_path: Path) -> None:
        scene: Scene = story["scene"]

        told = scene.run_v2(
            sdk,
            """
job = client.jobs.get(name)
client.jobs.download(name, download_path=folder, all=True)
listed = sorted(each.name for each in client.jobs.list(tag="file=train.py"))
result = [job.type, job.status, job.command, job.experiment_name, job.tags["file"], job.compute, listed, job.code]
""",
            name=story["train"],
            folder=str(tmp_path),
        )

        *plain, code = told
        command = "python train.py --alpha 0.5 'two words'"
        assert plain == ["command", "Completed", command, "first", "train.py", "cpu", [story["train"]]]
        assert "/codes/" in code
        assert (tmp_path / "artifacts" / "outputs" / "sub" / "o.txt").read_text() == "made"

    def test_mlflow_sees_its_numbers(self, story: dict[str, Any]) -> None:
        scene: Scene = story["scene"]

        answer = scene.ask("GET", "mlflow/v2.0:api/2.0/mlflow/runs/get", run_id=story["train"])

        metrics = {each["key"]: each["value"] for each in answer.json()["run"]["data"]["metrics"]}
        assert metrics == {"loss": 0.5, "count": 3, "strange": "NaN"}


def test_a_script_that_fails_says_of_what(story: dict[str, Any]) -> None:
    told = story["told"]["failing"]

    assert told["status"] == "Failed"
    error = told["error"]["error"]
    assert (error["code"], error["message"]) == ("UserError", "User program failed with ValueError: it broke")
    assert "ValueError: it broke" in told["log"]
    assert told["metrics"] == {"before": 1}


def test_a_log_is_streamed_and_a_snapshot_comes_back(scene: Scene, code: Path, tmp_path: Path) -> None:
    (code / "slow.py").write_text(
        "import time\nprint('one', flush=True)\ntime.sleep(1)\nprint('two')\nraise SystemExit(3)\n"
    )

    told = scene.run(
        SUBMIT
        + """
import contextlib, io, zipfile
from azureml.exceptions import ActivityFailedException
run, output, failed = submit("slow.py"), io.StringIO(), ""
with contextlib.redirect_stdout(output):
    try:
        run.wait_for_completion(show_output=True)
    except ActivityFailedException as error:
        failed = str(error)
result = [output.getvalue(), failed, zipfile.ZipFile(run.restore_snapshot(path=folder)).namelist()]
""",
        source=str(code),
        folder=str(tmp_path),
        site="",
    )

    streamed, failed, files = told
    assert "Streaming user_logs/std_log.txt\n===============================\n\none\ntwo\n" in streamed
    assert "User process 'bash' exited with status code 3" in failed
    assert files == ["slow.py"]


def test_a_run_is_cancelled(scene: Scene, code: Path) -> None:
    (code / "long.py").write_text("import time\nprint('here', flush=True)\ntime.sleep(300)\n")
    scene.azure.execution.pace.grace = 0.1

    name = scene.run(SUBMIT + 'result = submit("long.py").id', source=str(code), site="")
    scene.running(name, "here")
    scene.run("Run.get(ws, name).cancel()", name=name)

    assert scene.ended(name).status == "Canceled"
    assert scene.run("run = Run.get(ws, name); run.cancel(); result = run.get_status()", name=name) == "Canceled"


def test_only_what_changed_is_sent_and_what_is_gone_is_gone(scene: Scene, code: Path) -> None:
    (code / "look.py").write_text("import os\nprint(sorted(os.listdir()), open('kept.txt').read())\n")
    (code / "kept.txt").write_text("first")
    (code / "gone.txt").write_text("")
    look = SUBMIT + 'result = submit("look.py").id'

    one = scene.run(look, source=str(code), site="")
    again = scene.run(look, source=str(code), site="")
    (code / "kept.txt").write_text("second")
    (code / "gone.txt").unlink()
    two = scene.run(look, source=str(code), site="")

    logs = [scene.ended(name) and scene.file(name, "user_logs/std_log.txt") for name in (one, again, two)]
    assert logs[0] == logs[1] == "['gone.txt', 'kept.txt', 'logs', 'look.py', 'outputs'] first\n"
    assert logs[2] == "['kept.txt', 'logs', 'look.py', 'outputs'] second\n"
    asked = [each for each in scene.cloud.world.journal.exchanges if each.url.endswith("/snapshots/getblob")]
    sent = [each.request_body["FileNames"] for each in asked if scene.workspace.name in each.url]
    assert [sorted(names) for names in sent] == [["gone.txt", "kept.txt", "look.py"], ["kept.txt"]]


def test_an_environment_is_installed_and_a_command_runs(scene: Scene, code: Path) -> None:
    submit = """
from azureml.core.conda_dependencies import CondaDependencies
made = Environment("made")
made.docker.base_image = "mcr.microsoft.com/azureml/base"
made.python.conda_dependencies = CondaDependencies.create(pip_packages=["six==1.17.0"])
made.python.conda_dependencies.remove_pip_package("azureml-defaults")
config = ScriptRunConfig(source, command=["python", "-c", "'import six; print(six.__version__)'"], compute_target="cpu",
                         environment=made.register(ws), max_run_duration_seconds=600)
result = Experiment(ws, "second").submit(config).id
"""

    name = scene.run(submit, source=str(code))

    assert scene.ended(name).status == "Completed", scene.file(name, "azureml-logs/20_image_build_log.txt")
    assert scene.file(name, "user_logs/std_log.txt") == "1.17.0\n"


def test_a_job_of_v2_is_a_run_of_v1(scene: Scene) -> None:
    scene.azure.execution.pace.grace = 0.1
    scene.submit("job", "echo made by v2; sleep 300", experimentName="shared", tags={"build": "7"})
    scene.running("job", "made by v2")

    told = scene.run("""
[found] = Experiment(ws, "shared").get_runs(tags={"build": "7"})
run = Run.get(ws, "job")
run.tag("seen", "by v1")
logs = run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
result = [found.id, run.get_status(), run.experiment.name, logs]
run.cancel()
""")

    assert told == ["job", "Running", "shared", "made by v2\n"]
    assert scene.ended("job").status == "Canceled"
    assert scene.ask("GET", "jobs/job").json()["properties"]["tags"] == {"build": "7", "seen": "by v1"}


def test_a_run_without_a_job_is_its_clients(scene: Scene, tmp_path: Path) -> None:
    told = scene.run(
        """
mine = Experiment(ws, "mine")
run = mine.start_logging(snapshot_directory=None, display_name="By hand")
run.log("n", 1)
one, two = run.create_children(tag_key="part", tag_values=["a", "b"])
one.complete()
two.fail("because", error_code="Mine")
run.remove_tags(["none"])
run.flush()
run.complete()
error = two.get_details()["error"]["error"]
mine.tag("team", "us")
result = [run.get_status(), run.display_name, run.get_metrics(), [one.get_status(), two.get_status()],
          [error["code"], error["message"]], sorted(each.tags["part"] for each in run.get_children()),
          [each.id for each in mine.get_runs()] == [run.id], Experiment(ws, "mine").tags,
          [each.name for each in Experiment.list(ws)], run.get_file_names()]
"""
    )

    assert told == [
        "Completed",
        "By hand",
        {"n": 1},
        ["Completed", "Failed"],
        ["Mine", "because"],
        ["a", "b"],
        True,
        {"team": "us"},
        ["mine"],
        [],
    ]
    assert scene.ask("GET", "jobs").json()["value"] == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ('compute_target="absent"', "Unknown compute target 'absent'."),
        ("node_count=5", "exceeds the maximum number of nodes 2"),
    ],
)
def test_what_cannot_run_is_refused(scene: Scene, code: Path, change: str, says: str) -> None:
    (code / "x.py").write_text("")
    submit = f'submit("x.py", {change})'
    if change.startswith("node"):
        submit = 'c = ScriptRunConfig(source, script="x.py", compute_target="cpu", environment=plain)\n'
        submit += "c.run_config.node_count = 5\nfirst.submit(c)"

    with pytest.raises(RefusedError, match=says):
        scene.run(SUBMIT + submit, source=str(code), site="")

    assert scene.azure.runs.all(scene.workspace) == []


def test_pages_are_joined(scene: Scene) -> None:
    """More runs than a page of 500 has."""
    caller = scene.cloud.builds.caller
    for number in range(503):
        scene.azure.runs.begin(scene.workspace, f"r{number}", caller, experiment="many", kind="", display_name="")

    told = scene.run('result = [run.id for run in Experiment(ws, "many").get_runs()]')

    assert {*told} == {f"r{number}" for number in range(503)}
    assert len(told) == 503
