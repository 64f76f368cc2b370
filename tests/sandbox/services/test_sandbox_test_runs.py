"""Test runs as Azure DevOps plays them, by the real SDK and by hand where the SDK would not go wrong."""

from __future__ import annotations

import base64
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from azure.devops.exceptions import AzureDevOpsServiceError
from azure.devops.v7_1.test import models

from sandbox.devops.build.documents import Build
from sandbox.world import World
from tests.sandbox.services.http_client import SHARED, Client, check_recording

NOW = datetime(2026, 1, 1, 10, tzinfo=timezone.utc)


def result(name: str = "a.ipynb", **members: Any) -> dict[str, Any]:
    """A result that the service takes."""
    return {"testCaseTitle": name, "automatedTestName": name, "outcome": "Passed", "state": "Completed", **members}


def attachment(content: bytes = b"hello", name: str = "a.txt", **members: Any) -> dict[str, Any]:
    return {"stream": base64.b64encode(content).decode(), "fileName": name, **members}


def test_the_real_sdk_publishes_a_run_and_finds_all_of_it_again(
    world: World, sdk: Any, build: Build, tmp_path: Path
) -> None:
    """Create, add results with sub-results, attach at every level, complete, list, query; on the wire as documented."""
    recording = tmp_path / "exchanges.jsonl"
    world.journal.to(recording)
    client = sdk.get_test_client()

    run = client.create_test_run(
        models.RunCreateModel(
            name="Notebooks",
            automated=True,
            state="InProgress",
            start_date=NOW.isoformat(),
            build=models.ShallowReference(id=str(build.id)),
            pipeline_reference=models.PipelineReference(
                pipeline_id=build.id,
                stage_reference=models.StageReference(stage_name="Test", attempt=1),
                phase_reference=models.PhaseReference(phase_name="Notebooks", attempt=1),
                job_reference=models.JobReference(job_name="__default", attempt=1),
            ),
            custom_test_fields=[models.CustomTestField(field_name="TestRunSystem", value="Notebooks")],
            tags=[models.TestTag(name="notebooks")],
        ),
        "demo",
    )
    cells = [
        models.TestSubResult(display_name="Load", outcome="Passed", duration_in_ms=12),
        models.TestSubResult(display_name="Fit", outcome="Failed", duration_in_ms=7, error_message="ValueError: x"),
    ]
    sent = [
        models.TestCaseResult(
            test_case_title=name,
            automated_test_name=name,
            automated_test_storage=f"notebooks/{name}",
            outcome="Failed",
            state="Completed",
            started_date=NOW,
            completed_date=NOW + timedelta(seconds=3),
            stack_trace="Traceback",
            result_group_type="generic",
            sub_results=cells,
        )
        for name in ("b.ipynb", "a.ipynb")
    ]
    added = client.add_test_results_to_test_run(sent, "demo", run.id)
    detailed = client.get_test_result_by_id("demo", run.id, added[1].id, details_to_include="SubResults")
    request = models.TestAttachmentRequestModel(stream="aGVsbG8=", file_name="a.log", attachment_type="ConsoleLog")
    fit = detailed.sub_results[1].id
    on_run = client.create_test_run_attachment(request, "demo", run.id)
    on_result = client.create_test_result_attachment(request, "demo", run.id, added[0].id)
    on_cell = client.create_test_sub_result_attachment(request, "demo", run.id, added[1].id, fit)
    client.update_test_results([models.TestCaseResult(id=added[0].id, comment="known")], "demo", run.id)
    ended = client.update_test_run(
        models.RunUpdateModel(state="Completed", completed_date=(NOW + timedelta(seconds=4)).isoformat()),
        "demo",
        run.id,
    )
    listed = client.get_test_runs("demo", build_uri=build.uri, automated=True, include_run_details=True)
    today = datetime.now(timezone.utc)
    queried = client.query_test_runs("demo", today - timedelta(days=1), today + timedelta(days=1), build_ids=[build.id])
    failed = client.get_test_results("demo", run.id, outcomes=["Failed"])
    statistics = client.get_test_run_statistics("demo", run.id)

    assert [each.id for each in added] == [100000, 100001]
    assert [each.display_name for each in detailed.sub_results] == ["Load", "Fit"]
    assert detailed.test_case_title == "a.ipynb"
    assert detailed.duration_in_ms == 3000
    assert ended.state == "Completed"
    assert [(each.id, each.tags[0].name) for each in listed] == [(run.id, "notebooks")]
    assert [each.id for each in queried] == [run.id]
    assert [each.comment for each in failed] == ["known", None]
    assert [(each.outcome, each.count) for each in statistics.run_statistics] == [("Failed", 2)]
    read = [
        client.get_test_run_attachment_content("demo", run.id, on_run.id),
        client.get_test_result_attachment_content("demo", run.id, added[0].id, on_result.id),
        client.get_test_sub_result_attachment_content("demo", run.id, added[1].id, on_cell.id, fit),
    ]
    assert [b"".join(content) for content in read] == [b"hello"] * 3
    names = client.get_test_sub_result_attachments("demo", run.id, added[1].id, fit)
    assert [(each.file_name, each.attachment_type, each.size) for each in names] == [("a.log", "consoleLog", 5)]
    client.delete_test_run("demo", run.id)
    assert client.get_test_runs("demo", build_uri=build.uri) == []

    if not SHARED.is_dir():
        pytest.skip("the published documents are not beside this repository; the rest of this test has passed")
    assert check_recording(recording) == ""


def test_the_sdk_understands_a_refusal(sdk: Any) -> None:
    with pytest.raises(AzureDevOpsServiceError, match="Test run 7 cannot be found"):
        sdk.get_test_client().get_test_run_by_id("demo", 7)


class TestRuns:
    def test_a_new_run_is_not_completed(self, client: Client) -> None:
        assert client.refused("POST", "test/runs", {"name": "x", "state": "Completed"})[0] == 400

    def test_states_are_read_in_any_case(self, client: Client) -> None:
        assert client.post("test/runs", {"name": "x", "state": "inprogress"})["state"] == "InProgress"

    @pytest.mark.parametrize(
        "tags", [[{"name": f"t{n}"} for n in range(6)], [{"name": "with-dash"}], [{"name": "x" * 30}], [{"name": ""}]]
    )
    def test_at_most_five_tags_of_letters_and_digits(self, client: Client, tags: list[dict[str, str]]) -> None:
        assert client.refused("POST", "test/runs", {"name": "x", "tags": tags})[0] == 400

    def test_the_pipeline_id_is_the_builds_id(self, client: Client, build: Build) -> None:
        body = {"name": "x", "build": {"id": str(build.id)}, "pipelineReference": {"pipelineId": build.id + 1}}

        assert "must be the id of the build" in client.refused("POST", "test/runs", body)[1]

    def test_the_build_must_exist(self, client: Client) -> None:
        assert client.refused("POST", "test/runs", {"name": "x", "build": {"id": "99"}})[0] == 404

    def test_creation_and_change_name_their_dates_differently(self, client: Client, run_id: int) -> None:
        wrong = client.refused("PATCH", f"test/runs/{run_id}", {"state": "Completed", "completeDate": "2030-01-01"})
        right = client.call("PATCH", f"test/runs/{run_id}", {"state": "Completed", "completedDate": "2030-01-01"})

        assert wrong[0] == 400
        assert right.json()["completedDate"].startswith("2030-01-01T00:00:00")

    def test_a_run_does_not_end_before_it_began(self, client: Client, run_id: int) -> None:
        body = {"state": "Completed", "startedDate": "2026-01-02T00:00:00Z", "completedDate": "2026-01-01T00:00:00Z"}

        assert client.refused("PATCH", f"test/runs/{run_id}", body)[0] == 400

    @pytest.mark.parametrize("ended", ["Completed", "Aborted"])
    def test_an_ended_run_is_not_opened_again(self, client: Client, run_id: int, ended: str) -> None:
        client.call("PATCH", f"test/runs/{run_id}", {"state": ended})

        states = {
            state: client.call("PATCH", f"test/runs/{run_id}", {"state": state}).status_code
            for state in ("InProgress", "NotStarted", "Waiting", "Completed", "Aborted")
        }

        assert states == {state: 200 if state == ended else 409 for state in states}

    def test_an_ended_run_takes_attachments_and_comments_but_no_results(self, client: Client, run_id: int) -> None:
        """The agent attaches to a run after it has completed it; people comment on results later."""
        number = client.post(f"test/runs/{run_id}/results", [result()])["value"][0]["id"]
        client.call("PATCH", f"test/runs/{run_id}", {"state": "Completed"})

        assert client.refused("POST", f"test/runs/{run_id}/results", [result()])[0] == 409
        assert client.post(f"test/runs/{run_id}/attachments", attachment())["id"] == 1
        changed = client.call("PATCH", f"test/runs/{run_id}/results", [{"id": number, "failureType": "Known Issue"}])
        assert changed.status_code == 200

    def test_an_aborted_run_says_why(self, client: Client, run_id: int) -> None:
        body = {"state": "Aborted", "substate": "canceledByUser", "errorMessage": "cancelled"}

        run = client.call("PATCH", f"test/runs/{run_id}", body).json()

        assert (run["state"], run["substate"], run["errorMessage"]) == ("Aborted", "canceledByUser", "cancelled")

    def test_results_in_progress_can_be_dropped_at_the_end(self, client: Client, run_id: int) -> None:
        body = [result("done"), result("open", state="InProgress", outcome="None")]
        client.post(f"test/runs/{run_id}/results", body)

        client.call("PATCH", f"test/runs/{run_id}", {"state": "Aborted", "deleteInProgressResults": True})

        titles = [each["testCaseTitle"] for each in client.get(f"test/runs/{run_id}/results")["value"]]
        assert titles == ["done"]

    def test_a_list_tells_tags_and_statistics_only_with_details(
        self, client: Client, run_id: int, build: Build
    ) -> None:
        short = client.get(f"test/runs?buildUri={build.uri}")["value"][0]
        long = client.get(f"test/runs?buildUri={build.uri}&includeRunDetails=true")["value"][0]

        assert short["id"] == long["id"] == run_id
        assert "tags" not in short
        assert {"tags", "runStatistics", "lastUpdatedDate"} <= set(long)

    @pytest.mark.parametrize(
        "query",
        [
            "minLastUpdatedDate=2026-01-01",
            "minLastUpdatedDate=2026-01-01&maxLastUpdatedDate=2026-01-09",
            "minLastUpdatedDate=2026-01-02&maxLastUpdatedDate=2026-01-01",
            "minLastUpdatedDate=2026-01-01&maxLastUpdatedDate=2026-01-02&$top=101",
            f"minLastUpdatedDate=2026-01-01&maxLastUpdatedDate=2026-01-02&buildIds={','.join('12345678901')}",
        ],
    )
    def test_a_query_keeps_to_its_limits(self, client: Client, query: str) -> None:
        assert client.refused("GET", f"test/runs?{query}")[0] == 400

    def test_a_query_goes_on_with_its_token(self, client: Client, build: Build) -> None:
        for number in range(3):
            client.post("test/runs", {"name": f"run {number}", "build": {"id": str(build.id)}})
        today = datetime.now(timezone.utc)
        span = {
            "minLastUpdatedDate": (today - timedelta(days=1)).isoformat(),
            "$top": "2",
            "maxLastUpdatedDate": (today + timedelta(days=1)).isoformat(),
        }

        first = client.call("GET", "test/runs", params=span)
        rest = client.call(
            "GET", "test/runs", params={**span, "continuationToken": first.headers["x-ms-continuationtoken"]}
        )

        assert [each["name"] for each in first.json()["value"]] == ["run 0", "run 1"]
        assert [each["name"] for each in rest.json()["value"]] == ["run 2"]
        assert "x-ms-continuationtoken" not in rest.headers


class TestResults:
    def test_a_batch_is_a_bare_array_of_at_most_a_thousand(self, client: Client, run_id: int) -> None:
        path = f"test/runs/{run_id}/results"

        assert client.refused("POST", path, {"value": [result()]})[0] == 400
        assert client.refused("POST", path, [])[0] == 400
        assert client.refused("POST", path, [result(str(n)) for n in range(1001)])[0] == 400
        assert client.get(path)["count"] == 0
        assert client.post(path, [result(str(n)) for n in range(1000)])["count"] == 1000

    def test_a_batch_with_one_bad_result_adds_none(self, client: Client, run_id: int) -> None:
        bad = result(startedDate="2026-01-02T00:00:00Z", completedDate="2026-01-01T00:00:00Z")
        client.refused("POST", f"test/runs/{run_id}/results", [result(), bad])

        added = client.post(f"test/runs/{run_id}/results", [result()])

        assert added["value"][0]["id"] == 100000

    @pytest.mark.parametrize(
        "members",
        [
            {"id": 5},
            {"testCaseTitle": ""},
            {"automatedTestName": None},
            {"outcome": "Skipped"},
            {"state": "Done"},
            {"durationInMs": "12"},
            {"comment": "x" * 1001},
            {"startedDate": "2026-01-01T00:00:00Z", "completedDate": "2026-01-01T00:00:00Z"},
            {"startedDate": "yesterday"},
            {"resultGroupType": "cells"},
            {"subResults": [{"displayName": "c"}]},
            {"resultGroupType": "none", "subResults": [{"displayName": "c"}]},
            {"resultGroupType": "generic", "subResults": [{"durationInMs": 1.5}]},
            {"resultGroupType": "generic", "subResults": [{"durationMs": 1}]},
            {"resultGroupType": "generic", "subResults": [{"displayName": "c"}] * 1001},
            {"customFields": [{"fieldName": "Colour", "value": "red"}]},
            {"startDate": "2026-01-01T00:00:00Z"},
            {"title": "x"},
        ],
        ids=lambda members: str(members)[:60],
    )
    def test_what_the_wire_does_not_allow_is_refused(
        self, client: Client, run_id: int, members: dict[str, Any]
    ) -> None:
        assert client.refused("POST", f"test/runs/{run_id}/results", [result(**members)])[0] == 400

    def test_sub_results_go_three_levels_deep(self, client: Client, run_id: int) -> None:
        def nested(levels: int) -> dict[str, Any]:
            inner = {"resultGroupType": "generic", "subResults": [nested(levels - 1)]} if levels > 1 else {}
            return {"displayName": str(levels), **inner}

        path = f"test/runs/{run_id}/results"

        assert client.refused("POST", path, [result(resultGroupType="generic", subResults=[nested(4)])])[0] == 400
        number = client.post(path, [result(resultGroupType="generic", subResults=[nested(3)])])["value"][0]["id"]
        top = client.get(f"{path}/{number}?detailsToInclude=SubResults")["subResults"][0]
        assert [top["id"], top["subResults"][0]["parentId"]] == [1, 1]

    def test_sub_results_are_told_only_when_asked_for(self, client: Client, run_id: int) -> None:
        path = f"test/runs/{run_id}/results"
        client.post(path, [result(resultGroupType="generic", subResults=[{"displayName": "c"}])])

        assert "subResults" not in client.get(path)["value"][0]
        assert "subResults" in client.get(f"{path}?detailsToInclude=subResults")["value"][0]
        assert client.refused("GET", f"{path}?detailsToInclude=everything")[0] == 400

    def test_a_list_gives_a_thousand_at_most_and_fewer_with_details(self, client: Client, run_id: int) -> None:
        path = f"test/runs/{run_id}/results"
        client.post(path, [result(str(n)) for n in range(7)])

        assert client.refused("GET", f"{path}?$top=1001")[0] == 400
        assert client.refused("GET", f"{path}?$top=201&detailsToInclude=subResults")[0] == 400
        page = client.get(f"{path}?$top=3&$skip=5")["value"]
        assert [each["testCaseTitle"] for each in page] == ["5", "6"]

    def test_a_change_needs_ids_that_exist_and_keeps_what_it_does_not_name(self, client: Client, run_id: int) -> None:
        path = f"test/runs/{run_id}/results"
        number = client.post(path, [result(errorMessage="boom", outcome="Failed")])["value"][0]["id"]

        assert client.refused("PATCH", path, [{"comment": "x"}])[0] == 400
        assert client.refused("PATCH", path, [{"id": 5, "comment": "x"}])[0] == 404
        client.call("PATCH", path, [{"id": number, "comment": "seen"}])
        changed = client.get(f"{path}/{number}")
        assert (changed["comment"], changed["errorMessage"], changed["revision"]) == ("seen", "boom", 2)

    def test_many_writers_get_ids_of_their_own(self, client: Client, run_id: int) -> None:
        def publish(name: str) -> list[int]:
            answer = client.call("POST", f"test/runs/{run_id}/results", [result(name), result(name)])
            return [each["id"] for each in answer.json()["value"]]

        with ThreadPoolExecutor(8) as pool:
            ids = list(pool.map(publish, (str(number) for number in range(24))))

        assert sorted(id_ for pair in ids for id_ in pair) == list(range(100000, 100048))
        assert all(second == first + 1 for first, second in ids)


class TestAttachments:
    @pytest.mark.parametrize(
        "members",
        [
            {"stream": "no base64!"},
            {"fileName": "a:b.txt"},
            {"fileName": "../a.txt"},
            {"fileName": ""},
            {"attachmentType": "Picture"},
            {"contentType": "text/plain"},
            {"stream": None},
        ],
        ids=str,
    )
    def test_what_the_wire_does_not_allow_is_refused(
        self, client: Client, run_id: int, members: dict[str, Any]
    ) -> None:
        assert client.refused("POST", f"test/runs/{run_id}/attachments", {**attachment(), **members})[0] == 400

    def test_more_than_75_mebibytes_are_refused(self, client: Client, run_id: int) -> None:
        path = f"test/runs/{run_id}/attachments"

        assert client.refused("POST", path, attachment(bytes(75 * 2**20 + 1)))[0] == 400
        assert client.call("POST", path, attachment(bytes(75 * 2**20))).status_code == 200

    def test_an_attachment_belongs_to_one_place(self, client: Client, run_id: int) -> None:
        path = f"test/runs/{run_id}/results"
        number = client.post(path, [result(resultGroupType="generic", subResults=[{"displayName": "c"}])])["value"][0][
            "id"
        ]
        here = f"{path}/{number}/attachments"
        added = client.post(f"{here}?testSubResultId=1", attachment())["id"]

        assert client.get(here)["count"] == 0
        assert client.get(f"{here}?testSubResultId=1")["count"] == 1
        assert client.refused("POST", f"{here}?testSubResultId=9", attachment())[0] == 404
        assert client.refused("GET", f"{here}/{added}")[0] == 404
        assert client.call("GET", f"{here}/{added}?testSubResultId=1").content == b"hello"

    def test_same_names_are_kept_apart(self, client: Client, run_id: int) -> None:
        path = f"test/runs/{run_id}/attachments"
        first, second = client.post(path, attachment(b"1"))["id"], client.post(path, attachment(b"2"))["id"]

        assert client.call("GET", f"{path}/{first}").content + client.call("GET", f"{path}/{second}").content == b"12"

    def test_the_sdk_gets_a_zip_where_it_asks_for_one(self, sdk: Any, client: Client, run_id: int) -> None:
        number = client.post(f"test/runs/{run_id}/attachments", attachment(b"hello", "größe.txt"))["id"]

        archive = b"".join(sdk.get_test_client().get_test_run_attachment_zip("demo", run_id, number))

        assert zipfile.ZipFile(io.BytesIO(archive)).read("größe.txt") == b"hello"
