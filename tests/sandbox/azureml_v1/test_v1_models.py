"""Models: what the SDK v1 registers the SDK v2 finds and downloads, and the other way round."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.azure.sdk import RefusedError, Sdk
from tests.sandbox.azureml_v1.scene import Scene

pytestmark = pytest.mark.xdist_group("azureml v1 data")  # the SDKs of test_v1_data.py
# The SDK v1 registers nothing that is not below its working directory.
MODELS = """
import os
from pathlib import Path
from azureml.core import Model
os.chdir(folder)
def ids(**wanted): return [each.id for each in Model.list(ws, **wanted)]
def files(*of): return sorted(str(path.relative_to(Path(*of))) for path in Path(*of).rglob("*") if path.is_file())
"""
BASE = "modelmanagement/v1.0"


@pytest.fixture
def folder(code: Path) -> Path:
    """What models are made of: a file, and a folder of two."""
    (code / "model.pkl").write_text("one")
    (code / "many" / "deep").mkdir(parents=True)
    (code / "many" / "a.txt").write_text("a")
    (code / "many" / "deep" / "b.txt").write_text("b")
    return code


def run(scene: Scene, folder: Path, code: str) -> Any:
    return scene.run(MODELS + code, folder=str(folder))


def test_a_model_is_registered_found_changed_downloaded_and_deleted(scene: Scene, folder: Path, sdk: Sdk) -> None:
    made = run(
        scene,
        folder,
        """
from azureml.core.resource_configuration import ResourceConfiguration
one = Model.register(ws, "model.pkl", "m", tags={"t": "1", "u": "x=y"}, properties={"p": "q"}, description="first",
                     model_framework="ScikitLearn", model_framework_version="1.4",
                     resource_configuration=ResourceConfiguration(cpu=1, memory_in_gb=0.5))
two = Model.register(ws, "many", "m")
again = Model(ws, id="m:1")
told = [again.version, dict(again.tags), dict(again.properties), again.description, again.model_framework,
        again.model_framework_version, again.resource_configuration.memory_in_gb, again.created_by["userObjectId"]]
one.download("got-one")
two.download("got-two")
found = [ids(), ids(name="m"), ids(name="other"), ids(latest=True), ids(tags=["t", ["u", "x=y"]]),
         ids(tags=[["t", "2"]]), ids(properties=[["p", "q"]]), ids(model_framework="ScikitLearn"),
         Model(ws, "m").id, Model(ws, "m", version=1).id]
again.add_tags({"n": "m"})
again.remove_tags("t")
again.add_properties({"r": "s"})
again.update(description="second")
now = Model(ws, "m", version=1)
result = [told, found, files("got-one"), Path("got-one/model.pkl").read_text(), files("got-two"),
          [now.tags, now.properties, now.description]]
""",
    )
    by_v2 = scene.run_v2(
        sdk,
        "m = client.models.get('m', '1')\n"
        "client.models.download('m', '2', download_path=target)\n"
        "result = [m.tags, m.properties, m.description, sorted(each.version for each in client.models.list('m')),\n"
        "          sorted(str(each.relative_to(target)) for each in Path(target).rglob('*.txt'))]",
        target=str(folder.parent / "by-v2"),
    )
    left = run(
        scene,
        folder,
        "Model(ws, id='m:2').delete()\nresult = [ids(), Model.register(ws, 'model.pkl', 'm').id, Model(ws, 'm').id]",
    )

    told, found, got_one, content, got_two, now = made
    caller = scene.cloud.builds.object_id
    assert told == [1, {"t": "1", "u": "x=y"}, {"p": "q"}, "first", "ScikitLearn", "1.4", 0.5, caller]
    assert found == [
        ["m:2", "m:1"],
        ["m:2", "m:1"],
        [],
        ["m:2"],
        ["m:1"],
        [],
        ["m:1"],
        ["m:1"],
        "m:2",
        "m:1",
    ]
    assert (got_one, content, got_two) == (["model.pkl"], "one", ["many/a.txt", "many/deep/b.txt"])
    assert now == [{"n": "m", "u": "x=y"}, {"p": "q", "r": "s"}, "second"]
    assert by_v2 == [*now, ["1", "2"], ["m/many/a.txt", "m/many/deep/b.txt"]]
    assert left == [["m:1"], "m:3", "m:3"]  # no number is given twice


def test_a_model_of_the_sdk_v2_is_found_and_downloaded(scene: Scene, folder: Path, sdk: Sdk) -> None:
    scene.run_v2(
        sdk,
        "for name, path in (('file', 'model.pkl'), ('folder', 'many')):\n"
        "    client.models.create_or_update(Model(name=name, path=f'{folder}/{path}', tags={'by': 'v2'}))\n"
        "client.models.create_or_update(Model(name='named', version='final', path=f'{folder}/model.pkl'))",
        folder=str(folder),
    )

    found = run(
        scene,
        folder,
        """
Model(ws, "file").add_tags({"and": "v1"})
for name in ("file", "folder"):
    Model(ws, name).download(f"got-{name}")
result = [ids(tags=[["by", "v2"]]), ids(), files("got-file"), files("got-folder")]
""",
    )
    tags = scene.run_v2(sdk, "result = client.models.get('file', label='latest').tags")

    assert found[0] == found[1] == ["folder:1", "file:1"]  # the SDK v1 reads no version that is not a number
    assert found[2:] == [["model.pkl"], ["many/a.txt", "many/deep/b.txt"]]
    assert tags == {"by": "v2", "and": "v1"}


def test_what_a_run_has_left_can_be_registered(scene: Scene, folder: Path, sdk: Sdk) -> None:
    scene.submit("trains", "mkdir outputs/deep && echo trained > outputs/deep/model.bin")
    scene.ended("trains")

    found = run(
        scene,
        folder,
        """
run = Run.get(ws, "trains")
one = run.register_model("file", model_path="outputs/deep/model.bin", tags={"run": run.id})
run.register_model("folder", model_path="outputs/deep/")
one.download("got")
result = [one.run_id, one.experiment_name == run.experiment.name, ids(run_id="trains"), files("got")]
try:
    run.register_model("none", model_path="outputs/none")
except Exception as error:
    result.append(type(error).__name__)
""",
    )
    by_v2 = scene.run_v2(
        sdk,
        "client.models.download('folder', '1', download_path=target)\n"
        "result = [client.models.get('file', '1').tags,\n"
        "          [path.read_text() for path in Path(target).rglob('model.bin')]]",
        target=str(folder / "by-v2"),
    )
    kept = scene.ask("GET", "models/file/versions/1").json()["properties"]

    assert found == ["trains", True, ["folder:1", "file:1"], ["model.bin"], "ModelPathNotFoundException"]
    assert by_v2 == [{"run": "trains"}, ["trained\n"]]
    assert kept["jobName"] == "trains"


def register(scene: Scene) -> None:
    """One more version of `m`, by plain requests."""
    asset = scene.ask("POST", f"{BASE}:assets", {"name": "m", "artifacts": [{"prefix": "LocalUpload/x/y"}]}).json()
    body = {"name": "m", "url": f"aml://asset/{asset['id']}", "mimeType": "application/json"}
    assert scene.ask("POST", f"{BASE}:models", body).status_code == 200


def test_lists_come_in_pages(scene: Scene) -> None:
    for _ in range(5):
        register(scene)

    first = scene.ask("GET", f"{BASE}:models", name="m", count="3").json()
    token = first["nextLink"].rpartition("skipToken=")[2]
    second = scene.ask("GET", f"{BASE}:models", name="m", count="3", **{"$skipToken": token}).json()

    assert [each["version"] for page in (first, second) for each in page["value"]] == [5, 4, 3, 2, 1]
    assert second["nextLink"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"op": "replace", "path": "/name", "value": "other"},
        {"op": "remove", "path": "/kvTags"},
        {"op": "replace", "path": "/datasets", "value": [{"colour": "blue"}]},
        {"op": "replace", "path": "/kvTags", "value": ["a"]},
    ],
)
def test_a_change_that_is_not_played_is_refused(scene: Scene, change: dict[str, Any]) -> None:
    register(scene)

    answer = scene.ask("PATCH", f"{BASE}:models/m:1", [change])

    assert (answer.status_code, answer.json()["statusCode"]) == (400, 400)


def test_what_is_refused_says_why(scene: Scene, folder: Path) -> None:
    roles, caller = scene.azure.roles, scene.cloud.builds.object_id
    kept = """
m = Model.register(ws, 'model.pkl', 'm', properties={'p': '1'})
m.properties = {}  # or the SDK would refuse it itself
m.add_properties({'p': '2'})
"""

    for code, says in (
        ("Model(ws, 'none')", "ModelNotFound: Model with name none"),
        ("Model(ws, id='m:9')", "ModelNotFound: Model with id m:9"),
        (kept, "Response Code: 400"),  # the SDK has the words and does not print them
    ):
        with pytest.raises(RefusedError, match=says):
            run(scene, folder, code)
    roles.withdraw(caller)
    roles.assign(caller, "Reader", scene.cloud.subscription)
    try:
        with pytest.raises(RefusedError, match="Forbidden"):
            run(scene, folder, "Model(ws, 'm').add_tags({'a': 'b'})")
    finally:
        roles.withdraw(caller)
        roles.assign(caller, "Contributor", scene.cloud.subscription)
    said = [each.response_body["message"] for each in scene.cloud.world.journal.exchanges if each.status in (400, 403)]
    assert "p has a value already" in said[-2]
    assert "does not have authorization" in said[-1]


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("POST", "models", {"name": "m", "url": "aml://asset/none", "mimeType": "x"}, (400, "aml://asset/none")),
        ("POST", "models", {"name": "m", "url": "x", "mimeType": "x", "colour": "blue"}, (400, "colour")),
        ("POST", "assets", {"name": "m", "artifacts": [{"prefix": "nowhere"}]}, (400, "origin, container and path")),
        ("GET", "assets/none", None, (404, "none")),
        ("GET", "models?orderBy=x", None, (400, "orderby")),
        ("POST", "models/list", {}, (501, "does not play")),
        ("POST", "profiles", {}, (501, "does not play")),
    ],
)
def test_requests_are_taken_to_the_letter(
    scene: Scene, method: str, path: str, body: Any, says: tuple[int, str]
) -> None:
    path, _, query = path.partition("?")
    more = {"orderBy": "x"} if query else {}

    answer = scene.ask(method, f"{BASE}:{path}", body, **more)

    assert (answer.status_code, says[1] in answer.text) == (says[0], True)


def test_a_run_registers_what_it_has_made_with_a_secret_of_the_vault(scene: Scene, folder: Path) -> None:
    (folder / "code").mkdir()
    (folder / "code" / "train.py").write_text(
        """
import os
from azureml.core import Model, Run
run = Run.get_context()
with open("made.bin", "w") as file:
    file.write(run.get_secret("word"))
run.upload_file("outputs/made.bin", "made.bin")
model = run.register_model("of-run", "outputs/made.bin")
with open(Model.get_model_path("of-run")) as file:
    read = file.read()
Model.register(run.experiment.workspace, "made.bin", "of-file", tags={"read": read})
"""
    )
    site = scene.cloud.sdk.python.parent.parent / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"

    name = scene.run(
        MODELS
        + """
ws.get_default_keyvault().set_secret("word", "alpha")
plain.environment_variables = {"PYTHONPATH": site}
job = ScriptRunConfig("code", "train.py", compute_target="cpu", environment=plain)
result = Experiment(ws, "e").submit(job).id
""",
        folder=str(folder),
        site=str(site),
    )
    ended = scene.ended(name)
    found = run(scene, folder, f"result = [ids(run_id={name!r}), Model(ws, 'of-file').tags]")

    assert ended.status == "Completed", scene.file(name, "user_logs/std_log.txt")
    assert found == [["of-run:1"], {"read": "alpha"}]
