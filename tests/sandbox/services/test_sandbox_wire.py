"""What every request meets: a token, a version, a route, and a strict reading of what it says."""

from __future__ import annotations

import base64
import socket
import time
from pathlib import Path

import pytest
import requests

from sandbox.server import Server
from sandbox.world import World
from tests.sandbox.services.http_client import Client


class TestTokens:
    def test_bearer_and_basic_are_both_accepted(self, client: Client) -> None:
        basic = base64.b64encode(f":{client.token}".encode()).decode()

        answers = [
            client.call("GET", "test/runs", headers={"Authorization": f"{scheme}"}).status_code
            for scheme in (f"Bearer {client.token}", f"bearer {client.token}", f"Basic {basic}")
        ]

        assert answers == [200, 200, 200]

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic nonsense", "Basic Og==", "Digest x"])
    def test_a_missing_or_bad_token_gets_the_sign_in_page(self, client: Client, header: str) -> None:
        answer = client.call("GET", "test/runs", headers={"Authorization": header})

        assert answer.status_code == 203
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "Sign In" in answer.text

    def test_a_client_that_declines_the_page_gets_401(self, client: Client) -> None:
        headers = {"Authorization": "Bearer nonsense", "X-TFS-FedAuthRedirect": "Suppress"}

        answer = client.call("GET", "test/runs", headers=headers)

        assert answer.status_code == 401
        assert "Bearer" in answer.headers["WWW-Authenticate"]

    def test_a_token_ends_by_its_lifetime_and_when_it_is_revoked(self, world: World, client: Client) -> None:
        valid, ended, revoked = (world.tokens.issue("x", lifetime=lifetime) for lifetime in (60, 0, 60))
        world.tokens.revoke(revoked)

        answers = [
            client.call("GET", "test/runs", headers={"Authorization": f"Bearer {token}"}).status_code
            for token in (valid, ended, revoked)
        ]

        assert answers == [200, 203, 203]

    def test_a_bad_token_learns_nothing_about_routes(self, client: Client) -> None:
        assert client.call("GET", "no/such/thing", headers={"Authorization": ""}).status_code == 203


class TestVersions:
    @pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
    def test_a_change_without_a_version_is_refused(self, client: Client, run_id: int, method: str) -> None:
        path = {"POST": "test/runs", "PUT": "build/builds/1/tags/x"}.get(method, f"test/runs/{run_id}")

        status, message = client.refused(method, path, {"name": "x"}, headers={"Accept": "application/json"})

        assert status == 400
        assert f'No api-version was supplied for the "{method}" request' in message

    def test_reading_needs_no_version(self, client: Client) -> None:
        assert client.call("GET", "test/runs", headers={"Accept": "*/*"}).status_code == 200

    @pytest.mark.parametrize("version", ["7.0", "7.1", "7.1-preview", "7.1-preview.3", "7.2-preview.2", "4.1"])
    def test_the_version_is_read_from_accept_or_the_query(self, client: Client, version: str) -> None:
        accept = client.call("GET", "test/runs", headers={"Accept": f"application/json;api-version={version}"})
        query = client.call("GET", f"test/runs?API-version={version}", headers={"Accept": "*/*"})

        assert (accept.status_code, query.status_code) == (200, 200)

    @pytest.mark.parametrize(
        ("version", "complaint"), [("8.0", "out of range"), ("7.2", "under preview"), ("latest", "not valid")]
    )
    def test_a_version_that_is_not_served_is_refused(self, client: Client, version: str, complaint: str) -> None:
        status, message = client.refused("GET", f"test/runs?api-version={version}")

        assert status == 400
        assert complaint in message


class TestRoutes:
    def test_what_is_not_played_is_answered_501_with_method_and_address(self, client: Client) -> None:
        status, message = client.refused("POST", "wit/workitems", {})

        assert status == 501
        assert "POST /sandbox/demo/_apis/wit/workitems" in message

    def test_a_known_address_with_another_method_is_not_played(self, client: Client) -> None:
        assert client.refused("PUT", "test/runs", {})[0] == 501

    def test_addresses_are_found_in_any_case(self, client: Client, run_id: int) -> None:
        answer = client.call("GET", f"/SANDBOX/Demo/_APIS/Test/Runs/{run_id}/RESULTS")

        assert answer.status_code == 200

    def test_the_project_is_known_by_name_and_by_id(self, world: World, client: Client) -> None:
        answers = [
            client.call("GET", f"/sandbox/{name}/_apis/test/runs").status_code
            for name in ("demo", world.project.id, "other")
        ]

        assert answers == [200, 200, 404]

    def test_another_organization_does_not_exist(self, client: Client) -> None:
        assert client.refused("GET", "/contoso/demo/_apis/test/runs")[0] == 501


class TestBodies:
    def test_unknown_members_are_refused_by_name_at_any_depth(self, client: Client) -> None:
        body = {"name": "x", "startedDate": "2026-01-01T00:00:00Z", "tags": [{"name": "x", "colour": "red"}]}

        status, message = client.refused("POST", "test/runs", body)

        assert status == 400
        assert "startedDate" in message
        assert "tags.0.colour" in message

    def test_members_are_read_in_any_case(self, client: Client) -> None:
        assert client.post("test/runs", {"NAME": "x", "Automated": True})["isAutomated"] is True

    @pytest.mark.parametrize("body", [{"name": 5}, {"name": "x", "automated": "true"}, {"name": ""}, [], "x"])
    def test_the_wrong_type_is_refused(self, client: Client, body: object) -> None:
        assert client.refused("POST", "test/runs", body)[0] == 400

    def test_a_body_that_is_no_json_is_refused(self, client: Client) -> None:
        as_json = {"Content-Type": "application/json"}

        assert client.refused("POST", "test/runs", data=b"name=x", headers=as_json)[0] == 400
        assert client.refused("POST", "test/runs", data=b'{"name": "x"}')[0] == 415

    def test_unknown_query_parameters_are_refused_by_name(self, client: Client) -> None:
        status, message = client.refused("GET", "test/runs?buildId=1")

        assert status == 400
        assert "buildid" in message

    @pytest.mark.parametrize("query", ["$top=-1", "$top=many", "automated=yes", "minLastUpdatedDate=x"])
    def test_query_values_that_make_no_sense_are_refused(self, client: Client, query: str) -> None:
        assert client.refused("GET", f"test/runs?{query}")[0] == 400


def test_every_answer_names_its_request(client: Client) -> None:
    """ActivityId is what Microsoft's support asks for."""
    answers = [client.call("GET", "test/runs"), client.call("GET", "nothing/here")]

    assert len({answer.headers["ActivityId"] for answer in answers}) == 2


def test_locations_name_every_resource_once_for_all_areas_or_one(client: Client) -> None:
    everything = client.call("OPTIONS", "/sandbox/_apis").json()
    only_test = client.call("OPTIONS", "/sandbox/_apis/Test").json()

    assert everything["count"] == len({each["id"] for each in everything["value"]})
    assert {each["area"] for each in only_test["value"]} == {"Test"}
    assert {
        "id",
        "area",
        "resourceName",
        "routeTemplate",
        "resourceVersion",
        "minVersion",
        "maxVersion",
        "releasedVersion",
    } == set(only_test["value"][0])


def test_the_server_is_gone_after_stop(world: World) -> None:
    server = Server(world)
    address = server.start()
    server.stop()

    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=60)


def test_a_fault_of_the_sandbox_itself_is_told_as_500(world: World, client: Client, tmp_path: Path) -> None:
    """Here: a repository whose folder has gone."""
    world.git.add("gone", tmp_path / "gone")

    status, message = client.refused("GET", "git/repositories/gone/refs")

    assert status == 500
    assert message.startswith("The sandbox failed")


def test_a_client_that_leaves_half_way_has_asked_for_nothing(world: World, server: Server, client: Client) -> None:
    port = int(server.base_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        head = "POST /sandbox/demo/_apis/test/runs?api-version=7.1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
        connection.sendall(f"{head}Authorization: Bearer {client.token}\r\n\r\n{{".encode())

    assert client.get("test/runs")["count"] == 0
    assert [each.method for each in world.journal.exchanges] == ["GET"]


def test_a_port_that_is_taken_is_an_error(world: World, server: Server) -> None:
    with pytest.raises(OSError, match="in use"):
        Server(world, int(server.base_url.rpartition(":")[2])).start()


def test_an_area_is_found_by_its_id(client: Client) -> None:
    areas = client.get("/sandbox/_apis/resourceAreas")["value"]
    one = client.get(f"/sandbox/_apis/resourceAreas/{areas[0]['id'].upper()}")

    assert one == areas[0]
    assert one["locationUrl"] == client.server.collection_url
    assert client.refused("GET", "/sandbox/_apis/resourceAreas/none")[0] == 404


def test_an_answer_does_not_wait_for_the_network(client: Client) -> None:
    """Without TCP_NODELAY each answer on a kept connection would take 40 ms."""
    took = []
    for _ in range(60):
        began = time.monotonic()
        client.call("GET", "test/runs")
        took.append(time.monotonic() - began)

    assert min(took[30:]) < 0.035  # the first ones are acknowledged at once
