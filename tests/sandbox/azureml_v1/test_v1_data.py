"""Datastores, environments, computes and secrets: one world for the SDK v1 and the SDK v2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.azure.sdk import Sdk
from tests.sandbox.azureml_v1.scene import Scene

pytestmark = pytest.mark.xdist_group("azureml v1 data")  # one world and two SDKs for all of them
REFUSED = """
def refused(what):
    try:
        what()
    except Exception as error:
        return str(error)
"""


class TestDatastores:
    def test_one_is_registered_used_made_the_default_and_removed(self, scene: Scene, code: Path, sdk: Sdk) -> None:
        (code / "a.txt").write_text("alpha")
        account = scene.workspace.properties["storageAccount"].rpartition("/")[2]
        known = {"account": account, "key": scene.azure.storage.key(account), "folder": str(code)}

        made = scene.run(
            REFUSED
            + """
from azureml.core import Datastore
def register(name, key=key, account=account, **more):
    return Datastore.register_azure_blob_container(ws, name, "shared", account, account_key=key, **more)
own = ws.get_default_datastore()
mine = register("Mine", create_if_not_exists=True)
mine.upload(folder, "deep", show_progress=False)
mine.download(folder + "/back", "deep", show_progress=False)
result = [own.name, own.account_key == key, mine.name, open(folder + "/back/deep/a.txt").read(),
          refused(lambda: register("mine")), register("mine", overwrite=True).name,
          refused(lambda: register("bad", key="eA==")), refused(lambda: register("bad", account="nobodys")),
          refused(lambda: Datastore.get(ws, "none")), refused(lambda: own.unregister()), sorted(ws.datastores)]
mine.set_as_default()
""",
            **known,
        )
        by_v2 = scene.run_v2(
            sdk,
            """
from azure.ai.ml.entities import AzureBlobDatastore, AccountKeyConfiguration
client.datastores.create_or_update(AzureBlobDatastore(
    name="theirs", account_name=account, container_name="shared", credentials=AccountKeyConfiguration(account_key=key)))
result = [client.datastores.get("mine").container_name, client.datastores.get_default().name]
""",
            **known,
        )
        left = scene.run(
            """
from azureml.core import Datastore
theirs = Datastore.get(ws, "theirs")
theirs.download(folder + "/theirs", "deep", show_progress=False)
Datastore.get(ws, "mine").unregister()
result = [theirs.account_key == key, open(folder + "/theirs/deep/a.txt").read(), ws.get_default_datastore().name,
          sorted(ws.datastores)]
""",
            **known,
        )

        assert made[:4] == ["workspaceblobstore", True, "mine", "alpha"]
        words = ["same name already exists", "mine", "not that of", "nobodys", "none", "the workspace's own"]
        assert [word for word, said in zip(words, made[4:10], strict=True) if word not in said] == []
        assert made[10] == ["mine", "workspaceartifactstore", "workspaceblobstore"]
        assert by_v2 == ["shared", "mine"]
        assert left == [
            True,
            "alpha",
            "workspaceblobstore",
            ["theirs", "workspaceartifactstore", "workspaceblobstore"],
        ]

    def test_its_key_is_only_for_who_may_read_it(self, scene: Scene) -> None:
        roles, caller = scene.azure.roles, scene.cloud.builds.object_id
        whole = scene.ask("GET", "datastore/v1.0:datastores/workspaceblobstore").json()
        roles.withdraw(caller)
        roles.assign(caller, "Reader", scene.cloud.subscription)
        try:
            alone = scene.ask("GET", "datastore/v1.0:datastores/workspaceblobstore").json()
            refused = scene.ask("DELETE", "datastore/v1.0:datastores/workspaceblobstore")
        finally:
            roles.withdraw(caller)
            roles.assign(caller, "Contributor", scene.cloud.subscription)

        account = scene.workspace.properties["storageAccount"].rpartition("/")[2]
        key = scene.azure.storage.key(account)
        assert whole["azureStorageSection"]["accountKey"] == key
        assert {"credential", "accountKey"} & set(alone["azureStorageSection"]) == set()
        assert refused.status_code == 403
        assert not [each.url for each in scene.cloud.world.journal.exchanges if key in str(each)]


class TestEnvironments:
    def test_versions_are_counted_and_seen_by_both(self, scene: Scene, sdk: Sdk) -> None:
        made = scene.run(
            REFUSED
            + """
from azureml.core.conda_dependencies import CondaDependencies
env = Environment("env")
env.docker.base_image = "mcr.microsoft.com/azureml/base"
def register(**more):
    return env.register(ws).version
env.python.conda_dependencies = CondaDependencies.create(pip_packages=["idna"], pin_sdk_version=False)
versions = [register(), register()]
env.environment_variables = {"A": "b"}
versions.append(register())
found = Environment.get(ws, "env")
found.environment_variables = {"C": "d"}
docker = Environment("docker")
docker.docker.base_image, docker.docker.base_dockerfile = None, "FROM scratch"
docker.register(ws)
result = [versions, found.version, Environment.get(ws, "env", "1").environment_variables == {"A": "b"},
          list(found.python.conda_dependencies.pip_packages)[-1], sorted(Environment.list(ws)),
          refused(lambda: found.register(ws)), refused(lambda: Environment.get(ws, "none")),
          refused(lambda: Environment.get(ws, "env", "9"))]
"""
        )
        by_v2 = scene.run_v2(
            sdk,
            """
env = client.environments.get("env", label="latest")
client.environments.create_or_update(Environment(
    name="theirs", image="mcr", conda_file={"dependencies": ["python=3.11", {"pip": ["six"]}]}))
result = [env.version, env.image, env.conda_file["dependencies"][-1]["pip"][-1],
          client.environments.get("docker", version="1").build.dockerfile_path]
""",
        )
        theirs = scene.run(
            "env = Environment.get(ws, 'theirs')\n"
            "result = [env.version, env.docker.base_image, list(env.python.conda_dependencies.pip_packages)]"
        )

        assert made[:5] == [["1", "1", "2"], "2", False, "idna", ["docker", "env"]]
        words = ["version 2 already", "No environment none", "No environment env:9"]
        assert [word for word, said in zip(words, made[5:], strict=True) if word not in said] == []
        assert by_v2 == ["2", "mcr.microsoft.com/azureml/base", "idna", "Dockerfile"]
        assert theirs == ["1", "mcr", ["six"]]

    def test_a_job_of_v2_runs_in_one_of_v1(self, scene: Scene) -> None:
        scene.run("plain.register(ws)")

        scene.submit("j", "echo here", environment=f"{scene.workspace.id}/environments/plain/versions/1")

        assert scene.ended("j").status == "Completed"

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            ({"name": "other"}, (400, "that of other, not of env")),
            ({"docker": {"baseImage": "a", "colour": "blue"}}, (400, "docker.colour")),
            ({"python": {"condaDependencies": {"name": "x"}}, "docker": {"baseImage": "a"}}, (400, "dependencies")),
            ({"docker": {}}, (400, "image or a build context")),
        ],
    )
    def test_one_that_cannot_be_made_is_refused(self, scene: Scene, body: Any, says: tuple[int, str]) -> None:
        answer = scene.ask("PUT", "environment/v1.0:environments/env", body)

        assert (answer.status_code, says[1] in answer.json()["error"]["message"]) == (says[0], True)


def test_computes_are_made_changed_and_removed_by_either(scene: Scene, sdk: Sdk) -> None:
    made = scene.run(
        REFUSED
        + """
from azureml.core.compute import AmlCompute, ComputeTarget
def cluster(name, size="Standard_DS2_v2"):
    return ComputeTarget.create(ws, name, AmlCompute.provisioning_configuration(
        size, max_nodes=3, idle_seconds_before_scaledown=300, tags={"a": "b"}, description="d"))
small = cluster("small")
small.wait_for_completion()
small.update(max_nodes=4)
gone = cluster("gone")
gone.wait_for_completion()
gone.delete()
gone.wait_for_completion(is_delete_operation=True)
status = AmlCompute(ws, "cpu").get_status()
result = [sorted(ws.compute_targets), small.tags, small.description,
          AmlCompute(ws, "small").scale_settings.maximum_node_count, status.current_node_count,
          refused(lambda: ComputeTarget(ws, "none")), refused(lambda: cluster("big", "huge"))]
"""
    )
    by_v2 = scene.run_v2(
        sdk,
        """
from azure.ai.ml.entities import AmlCompute
small = client.compute.get("small")
client.compute.begin_create_or_update(AmlCompute(name="theirs", size="Standard_DS2_v2", max_instances=1)).result()
result = [small.max_instances, small.idle_time_before_scale_down, small.tags]
""",
    )
    theirs = scene.run("result = [ws.compute_targets['theirs'].vm_size, ws.compute_targets['theirs'].tags]")

    assert made[:5] == [["cpu", "small"], {"a": "b"}, "d", 4, 0]
    assert "none not found" in made[5]
    assert ("Response Code: 400" in made[6], "huge" in made[6]) == (True, True)
    assert by_v2 == [4, 300, {"a": "b"}]
    assert theirs == ["Standard_DS2_v2", {}]


def test_the_key_vault_keeps_secrets_and_the_journal_none(scene: Scene) -> None:
    found = scene.run(
        REFUSED
        + """
vault = ws.get_default_keyvault()
vault.set_secret("one", "hush-1")
vault.set_secrets({"two": "hush-2", "three": "hush-3"})
vault.delete_secret("two")
result = [vault.get_secret("ONE"), vault.get_secrets(["three", "two"]), [each["name"] for each in vault.list_secrets()],
          refused(lambda: vault.get_secret("two")), refused(lambda: vault.set_secret("a_b", "c"))]
"""
    )

    assert found[:3] == ["hush-1", {"three": "hush-3", "two": None}, ["one", "three"]]
    assert "two was not found" in found[3]
    assert "'a_b' is invalid" in found[4]
    assert not [each for each in scene.cloud.world.journal.exchanges if "hush" in str(each)]
