"""Blobs are kept by the real Azurite and reached by the real client: by signature, by key, and by a role."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox.world import World
from tests.sandbox.azure.conftest import ROOT, Cloud, opened, tunnel
from tests.sandbox.azure.sdk import RefusedError, Sdk

pytestmark = pytest.mark.xdist_group("azure storage")

ACCOUNT, CONTAINER = "sandboxstorage", "azureml"
CLIENTS = (
    "import os\nfrom azure.storage.blob import BlobClient, BlobServiceClient, ContainerClient\n"
    "account = 'https://sandboxstorage.blob.core.windows.net'\n"
)
BY_ROLE = CLIENTS + "blob = BlobServiceClient(account, credential).get_blob_client('azureml', name)\n"


@pytest.fixture(scope="module")
def stored(sdk: Sdk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One world for the tests that only read and write blobs of their own."""
    with opened(World.open(), sdk, tmp_path_factory.mktemp("blobs")) as cloud:
        yield cloud


def azurite() -> set[int]:
    """The processes of Azurite that this one has started."""
    found = set()
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has ended meanwhile
            if any("azurite" in part for part in each.cmdline()):
                found.add(each.pid)
    return found


class TestSignatures:
    def test_one_of_a_container_lists_and_reads(self, stored: Cloud) -> None:
        stored.world.azure.storage.put(ACCOUNT, CONTAINER, "logs/ä b.txt", b"hello")
        url = stored.world.azure.storage.signed(ACCOUNT, CONTAINER, permissions="rl")
        code = CLIENTS + (
            "container = ContainerClient.from_container_url(url)\n"
            "result = [[each.name for each in container.list_blobs('logs/')],"
            " container.download_blob('logs/ä b.txt').readall().decode()]"
        )

        assert stored.run(code, url=url) == [["logs/ä b.txt"], "hello"]

    def test_one_for_reading_does_not_write(self, stored: Cloud) -> None:
        url = stored.world.azure.storage.signed(ACCOUNT, CONTAINER, "new.txt", permissions="r")

        with pytest.raises(RefusedError) as refused:
            stored.run(CLIENTS + "BlobClient.from_blob_url(url).upload_blob(b'x')", url=url)

        assert (refused.value.status, refused.value.code) == (403, "AuthorizationPermissionMismatch")

    def test_an_altered_one_is_refused(self, stored: Cloud) -> None:
        url = stored.world.azure.storage.signed(ACCOUNT, CONTAINER, permissions="r").replace("sp=r&", "sp=rl&")

        with pytest.raises(RefusedError) as refused:
            stored.run(CLIENTS + "list(ContainerClient.from_container_url(url).list_blobs())", url=url)

        assert (refused.value.status, refused.value.code) == (403, "AuthorizationFailure")

    def test_a_large_file_goes_up_in_blocks_and_comes_back_whole(self, stored: Cloud) -> None:
        url = stored.world.azure.storage.signed(ACCOUNT, CONTAINER, "large.bin", permissions="rcw")
        code = CLIENTS + (
            "blob, data = BlobClient.from_blob_url(url), os.urandom(5_000_000)\n"
            "blob._config.max_single_put_size = blob._config.max_block_size = 1_000_000\n"
            "blob.upload_blob(data)\nresult = blob.download_blob().readall() == data"
        )

        assert stored.run(code, url=url)
        assert len([each for each in stored.world.journal.exchanges if "comp=block&" in each.url]) == 5


class TestKeys:
    def test_the_accounts_key_opens_it_and_another_does_not(self, stored: Cloud) -> None:
        code = CLIENTS + "result = [each.name for each in BlobServiceClient(account, key).list_containers()]"

        assert CONTAINER in stored.run(code, key=stored.world.azure.storage.key(ACCOUNT))
        with pytest.raises(RefusedError) as refused:
            stored.run(code, key="c29tZWJvZHkgZWxzZQ==")
        assert refused.value.status == 403

    def test_it_can_be_had_by_who_may_manage_the_account(self, stored: Cloud) -> None:
        account = (
            f"{stored.workspace.partition('/providers/')[0]}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
        )

        answer = stored.ask("POST", f"{account}/listKeys", params={"api-version": "2023-01-01"})

        assert answer.json()["keys"][0]["value"] == stored.world.azure.storage.key(ACCOUNT)


class TestTokens:
    """Azurite would take any: they are checked before."""

    @pytest.fixture
    def reader(self, stored: Cloud) -> Iterator[None]:
        roles = stored.world.azure.roles
        roles.assign(stored.builds.object_id, "Storage Blob Data Reader", stored.subscription)
        stored.world.azure.storage.put(ACCOUNT, CONTAINER, "kept.txt", b"kept")
        yield
        roles.withdraw(stored.builds.object_id)
        roles.assign(stored.builds.object_id, "Contributor", stored.subscription)

    def test_managing_an_account_is_not_reading_its_blobs(self, stored: Cloud) -> None:
        with pytest.raises(RefusedError) as refused:
            stored.run(BY_ROLE + "blob.download_blob()", name="kept.txt")

        assert (refused.value.status, refused.value.code) == (403, "AuthorizationPermissionMismatch")

    @pytest.mark.usefixtures("reader")
    def test_a_role_on_its_blobs_allows_what_it_says(self, stored: Cloud) -> None:
        found = stored.run(BY_ROLE + "result = blob.download_blob().readall().decode()", name="kept.txt")

        assert found == "kept"
        with pytest.raises(RefusedError) as refused:
            stored.run(BY_ROLE + "blob.upload_blob(b'x', overwrite=True)", name="kept.txt")
        assert refused.value.status == 403

    @pytest.mark.usefixtures("reader")
    def test_one_for_another_service_is_refused(self, stored: Cloud) -> None:
        answer = stored.ask("GET", stored.world.azure.storage.address(ACCOUNT, CONTAINER, "kept.txt"))

        assert (answer.status_code, answer.headers["x-ms-error-code"]) == (401, "InvalidAuthenticationInfo")
        assert "resource_id=https://storage.azure.com" in answer.headers["WWW-Authenticate"]

    def test_an_account_that_is_not_there_is_not_played(self, stored: Cloud) -> None:
        answer = stored.ask("GET", "https://somebody.blob.core.windows.net/a/b")

        assert (answer.status_code, "'somebody'" in answer.text) == (501, True)


class TestLife:
    def test_it_starts_when_a_blob_is_first_asked_for_and_ends_with_the_world(self, sdk: Sdk, tmp_path: Path) -> None:
        before = azurite()
        with opened(World.open(), sdk, tmp_path) as cloud:
            cloud.ask("GET", cloud.workspace, params={"api-version": "2024-10-01-preview"})
            assert azurite() == before
            cloud.world.azure.storage.put(ACCOUNT, CONTAINER, "a", b"1")
            [running] = azurite() - before
            folder = Path(psutil.Process(running).cmdline()[psutil.Process(running).cmdline().index("--location") + 1])
            assert folder.is_dir()

        assert azurite() == before
        assert not folder.exists()

    def test_a_new_account_loses_nothing_of_the_others(self, cloud: Cloud) -> None:
        storage = cloud.world.azure.storage
        storage.put(ACCOUNT, CONTAINER, "a", b"1")

        cloud.world.azure.workspaces.create("second", storage="another")
        storage.put("another", CONTAINER, "b", b"2")

        assert (storage.get(ACCOUNT, CONTAINER, "a"), storage.get("another", CONTAINER, "b")) == (b"1", b"2")
        assert storage.get(ACCOUNT, CONTAINER, "b") is None
        assert storage.names("another", CONTAINER) == ["b"]

    def test_one_that_died_is_replaced(self, cloud: Cloud) -> None:
        before = azurite()
        cloud.world.azure.storage.put(ACCOUNT, CONTAINER, "a", b"1")
        [dead] = azurite() - before
        os.kill(dead, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(dead)] if psutil.pid_exists(dead) else [])

        url = cloud.world.azure.storage.signed(ACCOUNT, CONTAINER, "b", permissions="rcw")
        headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2022-11-02"}
        with cloud.client() as client:
            assert client.put(url, content=b"2", headers=headers).status_code == 201

    def test_who_hangs_up_while_sending_harms_nobody(self, cloud: Cloud, capfd: pytest.CaptureFixture[str]) -> None:
        storage = cloud.world.azure.storage
        storage.put(ACCOUNT, CONTAINER, "a", b"1")
        path = storage.signed(ACCOUNT, CONTAINER, "b", permissions="rcw").partition(".net")[2]
        connection = tunnel(cloud, f"{ACCOUNT}.blob.core.windows.net")
        connection.putrequest("PUT", path)
        connection.putheader("x-ms-blob-type", "BlockBlob")
        connection.putheader("Content-Length", "1000000")
        connection.endheaders(b"x" * 1000)
        connection.close()

        assert storage.get(ACCOUNT, CONTAINER, "a") == b"1"
        assert storage.get(ACCOUNT, CONTAINER, "b") is None
        assert "Traceback" not in capfd.readouterr().err

    def test_blobs_are_kept_with_the_state(self, tmp_path: Path) -> None:
        for write in (True, False):
            world = World.open(tmp_path / "state.sqlite")
            try:
                world.azure.workspaces.create("ws") if write else None
                if write:
                    world.azure.storage.put(ACCOUNT, CONTAINER, "a", b"1")
                assert world.azure.storage.get(ACCOUNT, CONTAINER, "a") == b"1"
            finally:
                world.close()

    def test_it_ends_with_a_sandbox_that_is_killed_and_leaves_nothing(self, tmp_path: Path) -> None:
        code = (
            "import psutil, time\nfrom sandbox.world import World\n"
            "world = World.open()\nworld.azure.workspaces.create('ws')\nworld.azure.storage.serving()\n"
            "print(psutil.Process().children()[0].pid, flush=True)\ntime.sleep(100)"
        )
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        with subprocess.Popen(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        ) as sandbox:
            assert sandbox.stdout
            child = psutil.Process(int(sandbox.stdout.readline()))
            assert list(tmp_path.glob("sandbox-blobs-*"))
            os.kill(sandbox.pid, signal.SIGKILL)

        child.wait(timeout=60)
        assert list(tmp_path.glob("sandbox-blobs-*")) == []
