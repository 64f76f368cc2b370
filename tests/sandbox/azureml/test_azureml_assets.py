"""What has versions: environments, data, models, code; and the datastores that they are in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.azure.sdk import RefusedError
from tests.sandbox.azureml.scene import Scene


class TestEnvironments:
    def test_versions_are_counted_and_the_latest_is_found(self, scene: Scene) -> None:
        found = scene.run(
            """
made = [
    client.environments.create_or_update(Environment(
        name="env", image="mcr", conda_file={"name": "x", "dependencies": ["python=3.11", "pip", {"pip": [package]}]}
    )).version
    for package in ("idna", "six", "six")  # the SDK itself sees that there is such a version
]
latest = client.environments.get("env", label="latest")
versions, names = ([getattr(each, key) for each in client.environments.list(*of)]
                   for key, of in (("version", ["env"]), ("name", [])))
result = [made, latest.version, latest.conda_file["dependencies"][2], versions, names]
"""
        )

        assert found == [["1", "2", "2"], "2", {"pip": ["six"]}, ["2", "1"], ["env"]]

    def test_a_job_takes_one_by_its_name(self, scene: Scene) -> None:
        scene.run(
            "client.environments.create_or_update(Environment(name='env', version='7', image='mcr'))\n"
            "client.jobs.create_or_update(command(name='j', command='true', environment='env@latest', compute='cpu'))"
        )

        assert scene.azure.jobs.definition(scene.workspace, "j")["environmentId"].endswith(
            "/environments/env/versions/7"
        )
        assert scene.ended("j").status == "Completed"

    def test_a_version_is_not_changed(self, scene: Scene) -> None:
        path, query = "environments/env/versions/1", "2023-04-01-preview"
        scene.ask("PUT", path, {"properties": {"image": "a", "tags": {"x": "1"}}}, query)

        tagged = scene.ask("PUT", path, {"properties": {"image": "a", "tags": {"x": "2"}}}, query)
        changed = scene.ask("PUT", path, {"properties": {"image": "b"}}, query)

        assert (tagged.status_code, tagged.json()["properties"]["tags"]) == (200, {"x": "2"})
        assert (changed.status_code, "asset's image cannot be changed" in changed.text) == (409, True)

    @pytest.mark.parametrize(
        ("properties", "says"),
        [
            ({"condaFile": "a: b"}, "image or a build context"),
            ({"image": "a", "condaFile": "a: [b"}, "conda file"),
            ({"image": "a", "condaFile": "name: x"}, "no list of dependencies"),
            ({"image": "a", "colour": "blue"}, "properties.colour"),
            ({"image": "a", "osType": "Amiga"}, "Amiga"),
        ],
    )
    def test_one_that_cannot_be_made_is_refused(self, scene: Scene, properties: dict[str, Any], says: str) -> None:
        answer = scene.ask("PUT", "environments/bad/versions/1", {"properties": properties}, "2023-04-01-preview")

        assert (answer.status_code, says in answer.json()["error"]["message"]) == (400, True)

    def test_one_that_is_not_there_is_refused(self, scene: Scene) -> None:
        with pytest.raises(RefusedError, match="not found") as refused:
            scene.run("client.environments.get('none', version='1')")

        assert refused.value.status == 404


class TestData:
    def test_a_folder_is_uploaded_and_read_by_a_job(self, scene: Scene, code: Path) -> None:
        (code / "a.txt").write_text("alpha")
        scene.run(
            """
made = client.data.create_or_update(Data(name="table", path=folder, type="uri_folder"))
job = command(name="reads", command="cat ${{inputs.x}}/a.txt", environment=plain, compute="cpu",
              inputs={"x": Input(type="uri_folder", path="azureml:table:1")})
client.jobs.create_or_update(job)
""",
            folder=str(code),
        )

        assert scene.ended("reads").status == "Completed"
        assert scene.file("reads", "user_logs/std_log.txt") == "alpha"

    def test_a_local_file_can_be_an_input(self, scene: Scene, code: Path) -> None:
        (code / "a.txt").write_text("alpha")
        scene.run(
            "client.jobs.create_or_update(command(name='reads', command='cat ${{inputs.x}}', environment=plain, "
            "compute='cpu', inputs={'x': Input(type='uri_file', path=path)}))",
            path=str(code / "a.txt"),
        )

        assert scene.ended("reads").status == "Completed"
        assert scene.file("reads", "user_logs/std_log.txt") == "alpha"


class TestModels:
    def test_they_are_kept_with_their_versions(self, scene: Scene, code: Path) -> None:
        (code / "model.bin").write_text("m")
        found = scene.run(
            """
for _ in range(2):
    client.models.create_or_update(Model(name="model", path=folder, type="custom_model", tags={"a": "b"}))
one = client.models.get("model", label="latest")
client.models.download("model", version="2", download_path=target)
result = [one.version, one.tags, [each.version for each in client.models.list("model")],
          sorted(str(path.relative_to(target)) for path in Path(target).rglob("*.bin"))]
""",
            folder=str(code),
            target=str(code.parent / "left"),
        )

        assert found == ["2", {"a": "b"}, ["2", "1"], ["model/code/model.bin"]]

    def test_what_a_job_has_left_can_become_one(self, scene: Scene) -> None:
        scene.submit("trains", "echo m > outputs/model.bin")
        scene.ended("trains")

        found = scene.run(
            "made = client.models.create_or_update(Model(name='m', path='azureml://jobs/trains/outputs/artifacts/paths/"
            "outputs/', type='custom_model'))\nresult = [made.version, made.path]"
        )

        assert (found[0], "trains" in found[1]) == ("1", True)


class TestDatastores:
    def test_the_workspaces_own_are_there_from_the_beginning(self, scene: Scene) -> None:
        found = scene.run(
            "result = [client.datastores.get_default().name, sorted(each.name for each in client.datastores.list())]"
        )

        assert found == ["workspaceblobstore", ["workspaceartifactstore", "workspaceblobstore"]]

    def test_one_is_added_and_used_by_its_name(self, scene: Scene) -> None:
        account = scene.workspace.properties["storageAccount"].rpartition("/")[2]
        scene.azure.storage.create_container(account, "more")
        scene.azure.storage.put(account, "more", "deep/a.txt", b"alpha")
        scene.run(
            """
from azure.ai.ml.entities import AccountKeyConfiguration, AzureBlobDatastore
client.datastores.create_or_update(AzureBlobDatastore(
    name="mine", account_name=account, container_name="more", credentials=AccountKeyConfiguration(account_key=key)))
""",
            account=account,
            key=scene.azure.storage.key(account),
        )
        uri = "azureml://datastores/mine/paths/deep/a.txt"

        scene.submit("reads", "cat ${{inputs.x}}", inputs={"x": {"jobInputType": "uri_file", "uri": uri}})

        assert scene.ended("reads").status == "Completed"
        assert "key" not in scene.ask("GET", "datastores/mine").json()["properties"]["credentials"]

    def test_its_secret_is_only_for_who_may_read_it(self, scene: Scene) -> None:
        roles, caller = scene.azure.roles, scene.cloud.builds.object_id
        roles.withdraw(caller)
        roles.assign(caller, "Reader", scene.cloud.subscription)
        try:
            answer = scene.ask("POST", "datastores/workspaceblobstore/listSecrets", {})
        finally:
            roles.withdraw(caller)
            roles.assign(caller, "Contributor", scene.cloud.subscription)

        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "AuthorizationFailed")

    def test_a_secret_that_expires_is_given_where_the_world_has_such(self, scene: Scene) -> None:
        scene.azure.datastores.expiring = True
        try:
            secret = scene.ask("POST", "datastores/workspaceblobstore/listSecrets", {"expirableSecret": True}).json()
        finally:
            scene.azure.datastores.expiring = False

        container = f"azureml-blobstore-{scene.workspace.properties['workspaceId']}"
        address = f"https://sandboxstorage.blob.core.windows.net/{container}?restype=container&comp=list"
        assert secret["secretsType"] == "Sas"
        with scene.cloud.client() as client:
            assert client.get(f"{address}&{secret['sasToken']}").status_code == httpx.codes.OK

    def test_one_without_credentials_has_no_secret(self, scene: Scene) -> None:
        properties = {**scene.workspace.properties, "systemDatastoresAuthMode": "identity"}
        scene.azure.resources.put(scene.workspace.id, properties, scene.workspace.more)

        answer = scene.ask("POST", "datastores/workspaceblobstore/listSecrets", {})

        assert (answer.status_code, "no credentials" in answer.text) == (400, True)
