"""Resource Manager: what a role allows where, groups and workspaces, pages, and work that outlasts its request."""

from __future__ import annotations

import threading

import pytest

from sandbox.azure.roles import ROLES, scope_of
from sandbox.azure.wire import AzureError
from tests.sandbox.azure.conftest import MANAGEMENT, VERSION, Cloud
from tests.sandbox.azure.sdk import RefusedError

AML = "Microsoft.MachineLearningServices/workspaces"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
CLIENT = "from azure.ai.ml import MLClient\nclient = MLClient(credential, subscription, 'sandbox', 'ws')\n"


class TestRoles:
    @pytest.mark.parametrize(
        ("role", "allowed", "forbidden"),
        [
            ("Owner", [f"{AML}/write", "Microsoft.Authorization/roleAssignments/write"], [f"{BLOBS}/read"]),
            ("Contributor", [f"{AML}/delete"], ["Microsoft.Authorization/roleAssignments/write", f"{BLOBS}/read"]),
            ("Reader", [f"{AML}/read", f"{AML}/jobs/read"], [f"{AML}/jobs/write", f"{AML}/jobs/cancel/action"]),
            (
                "AzureML Data Scientist",
                [f"{AML}/read", f"{AML}/jobs/write", f"{AML}/jobs/cancel/action", f"{AML}/computes/read"],
                [f"{AML}/write", f"{AML}/delete", f"{AML}/computes/write", f"{AML}/listKeys/action"],
            ),
            ("Storage Blob Data Reader", [f"{BLOBS}/read"], [f"{BLOBS}/write", f"{AML}/read"]),
            ("Storage Blob Data Contributor", [f"{BLOBS}/write", f"{BLOBS}/delete"], [f"{AML}/read"]),
        ],
    )
    def test_they_allow_what_azures_definitions_say(self, role: str, allowed: list[str], forbidden: list[str]) -> None:
        assert [action for action in allowed if not ROLES[role].allows(action)] == []
        assert [action for action in forbidden if ROLES[role].allows(action)] == []

    @pytest.mark.parametrize(
        ("path", "scope"),
        [
            ("/subscriptions/s", "/subscriptions/s"),
            ("/subscriptions/s/resourceGroups", "/subscriptions/s"),
            ("/subscriptions/s/resourceGroups/g", "/subscriptions/s/resourceGroups/g"),
            ("/subscriptions/s/providers/P/w/ws", "/subscriptions/s/providers/P/w/ws"),
            ("/subscriptions/s/providers/P/w", "/subscriptions/s/providers/P"),
            (
                "/history/v1.0/subscriptions/s/providers/P/w/ws/jobs/j/cancel",
                "/subscriptions/s/providers/P/w/ws/jobs/j",
            ),
        ],
    )
    def test_a_path_is_about_a_resource(self, path: str, scope: str) -> None:
        assert scope_of(path) == scope

    def test_who_has_none_is_told_the_action_and_the_scope(self, cloud: Cloud) -> None:
        cloud.world.azure.roles.withdraw(cloud.builds.object_id)

        with pytest.raises(RefusedError) as refused:
            cloud.run(CLIENT + "client.workspaces.get('ws')")

        assert (refused.value.status, refused.value.code) == (403, "AuthorizationFailed")
        assert f"'{AML}/read' over scope '{cloud.workspace}'" in refused.value.message
        assert cloud.builds.object_id in refused.value.message

    @pytest.mark.parametrize(("below", "status"), [("/resourceGroups/SANDBOX", 200), ("/resourceGroups/sand", 403)])
    def test_one_reaches_all_below_its_scope_and_nothing_beside_it(self, cloud: Cloud, below: str, status: int) -> None:
        roles = cloud.world.azure.roles
        roles.withdraw(cloud.builds.object_id)
        roles.assign(cloud.builds.object_id, "Reader", f"{cloud.subscription}{below}")

        assert cloud.ask("GET", cloud.workspace, params=VERSION).status_code == status

    def test_a_role_that_is_not_played_is_named(self, cloud: Cloud) -> None:
        with pytest.raises(ValueError, match="no role 'King'; there are Owner, Contributor"):
            cloud.world.azure.roles.assign(cloud.builds.object_id, "King", cloud.subscription)


class TestWorkspaces:
    def test_the_sdk_reads_one(self, cloud: Cloud) -> None:
        code = CLIENT + (
            "found = client.workspaces.get('ws')\n"
            "result = [found.id, found.location, found.discovery_url, found.mlflow_tracking_uri, found.storage_account]"
        )

        path, location, discovery, tracking, storage = cloud.run(code)

        assert (path, location) == (cloud.workspace, "westeurope")
        assert discovery == "https://westeurope.api.azureml.ms/discovery"
        assert tracking == f"azureml://westeurope.api.azureml.ms/mlflow/v1.0{cloud.workspace}"
        assert storage.endswith("/storageAccounts/sandboxstorage")

    def test_the_sdk_lists_those_of_a_group_and_of_the_subscription(self, cloud: Cloud) -> None:
        cloud.world.azure.workspaces.create("other", "elsewhere")
        code = CLIENT + (
            "result = [[each.name for each in client.workspaces.list(scope=scope)]"
            " for scope in ('resource_group', 'subscription')]"
        )

        assert cloud.run(code) == [["ws"], ["ws", "other"]]

    def test_one_that_is_not_there_is_refused_by_name(self, cloud: Cloud) -> None:
        with pytest.raises(RefusedError, match="workspaces/nope") as refused:
            cloud.run(CLIENT + "client.workspaces.get('nope')")

        assert (refused.value.kind, refused.value.code) == ("ResourceNotFoundError", "ResourceNotFound")

    def test_resources_say_who_made_them_and_when(self, cloud: Cloud) -> None:
        cloud.world.clock.advance(24 * 3600)
        made = cloud.world.clock.now().date().isoformat()
        group, query = f"{cloud.subscription}/resourceGroups/new", {"api-version": "2022-09-01"}

        statuses = [cloud.ask("PUT", group, params=query, json={"location": "x"}).status_code for _ in range(2)]

        data = cloud.ask("GET", group, params=query).json()["systemData"]
        assert statuses == [201, 200]
        assert (data["createdBy"], data["createdAt"][:10]) == (cloud.builds.object_id, made)


class TestPages:
    def test_a_list_goes_on_at_its_next_link(self, cloud: Cloud) -> None:
        names = [f"group{number}" for number in range(7)]
        for name in names:
            cloud.world.azure.workspaces.create("ws", name)
        url, found = f"{MANAGEMENT}{cloud.subscription}/resourceGroups?api-version=2022-09-01&$top=3", []

        pages = 0
        while url:
            page = cloud.ask("GET", url).json()
            found += [each["name"] for each in page["value"]]
            url, pages = page.get("nextLink"), pages + 1

        assert found == ["sandbox", *names]
        assert pages == 3

    def test_a_page_of_no_size_is_refused(self, cloud: Cloud) -> None:
        answer = cloud.ask("GET", f"{cloud.subscription}/resourceGroups?api-version=2022-09-01&$top=none")

        assert (answer.status_code, "$top" in answer.text) == (400, True)


def wait(done: threading.Event) -> None:
    assert done.wait(30)


class TestOperations:
    """Work that goes on after its request was answered."""

    def status(self, cloud: Cloud, name: str, what: str = "Status") -> tuple[int, dict[str, str], dict[str, object]]:
        base = f"{cloud.subscription}/providers/Microsoft.MachineLearningServices/locations/westeurope"
        answer = cloud.ask("GET", f"{base}/computeOperations{what}/{name}", params=VERSION)
        return answer.status_code, dict(answer.headers), answer.json() if answer.content else {}

    def test_it_is_in_progress_until_it_has_succeeded(self, cloud: Cloud) -> None:
        done = threading.Event()
        operation = cloud.world.azure.operations.run(cloud.workspace, lambda: wait(done))

        before = self.status(cloud, operation.id), self.status(cloud, operation.id, "Results")
        done.set()
        while self.status(cloud, operation.id)[2]["status"] == "InProgress":
            pass
        after = self.status(cloud, operation.id), self.status(cloud, operation.id, "Results")

        assert [(status, body.get("status")) for status, _, body in before] == [(200, "InProgress"), (202, None)]
        assert {"retry-after-ms", "azure-asyncoperation", "location"} <= set(before[1][1])
        assert [status for status, _, _ in after] == [200, 200]
        assert (after[0][2]["status"], after[1][2]["id"]) == ("Succeeded", cloud.workspace)

    def test_its_failure_is_told_with_code_and_message(self, cloud: Cloud) -> None:
        def fail() -> None:
            raise AzureError(400, "QuotaExceeded", "Not enough cores.")

        operation = cloud.world.azure.operations.run(cloud.workspace, fail)
        while (told := self.status(cloud, operation.id)[2])["status"] == "InProgress":
            pass

        assert told["status"] == "Failed"
        assert told["error"] == {"code": "QuotaExceeded", "message": "Not enough cores."}

    def test_one_that_is_not_there_is_refused(self, cloud: Cloud) -> None:
        assert self.status(cloud, "none")[0] == 404
