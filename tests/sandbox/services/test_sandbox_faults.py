"""Faults hit the request they are meant for, on the wire, and are told in the journal."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from sandbox.faults import Fault, load_faults, read_faults
from sandbox.server import Server
from sandbox.world import World
from tests.sandbox.services.http_client import Client

BODY = {"name": "x"}


def statuses(client: Client, count: int) -> list[int]:
    return [client.call("POST", "test/runs", BODY).status_code for _ in range(count)]


@pytest.mark.parametrize(
    ("nth", "hit"), [(2, [2]), ("2", [2]), ("2-3", [2, 3]), ("3-", [3, 4]), ("every", [1, 2, 3, 4])]
)
def test_a_fault_hits_the_requests_it_names(world: World, client: Client, nth: int | str, hit: list[int]) -> None:
    world.faults.add(Fault(nth=nth, status=503))

    assert [number for number, status in enumerate(statuses(client, 4), 1) if status == 503] == hit


def test_method_and_path_choose_the_requests_that_are_counted(world: World, client: Client, run_id: int) -> None:
    world.faults.add(Fault(method="patch", path="*/TEST/runs/*", nth=1, status=500))
    client.get("test/runs")
    client.post("test/runs", BODY)

    assert client.call("PATCH", f"test/runs/{run_id}", {"comment": "x"}).status_code == 500
    assert client.call("PATCH", f"test/runs/{run_id}", {"comment": "x"}).status_code == 200


def test_so_does_the_query(world: World, client: Client) -> None:
    world.faults.add(Fault(query="*$TOP=1*", status=503))

    assert client.call("GET", "test/runs?$top=2").status_code == 200
    assert client.call("GET", "test/runs?$top=1").status_code == 503


def test_the_first_rule_that_is_hit_acts_and_all_count(world: World, client: Client) -> None:
    world.faults.add(Fault(nth=1, status=429), Fault(nth=2, status=503))

    assert statuses(client, 3) == [429, 503, 200]


def test_faults_end_when_they_are_cleared(world: World, client: Client) -> None:
    world.faults.add(Fault(status=503))
    world.faults.clear()

    assert statuses(client, 1) == [200]


def test_a_throttled_request_says_when_to_come_back_and_in_whose_words(world: World, client: Client) -> None:
    world.faults.add(Fault(status=429, headers={"Retry-After": "7"}))

    answer = client.call("POST", "test/runs", BODY)

    assert answer.headers["Retry-After"] == "7"
    assert answer.json()["message"].startswith("TF400733")


def test_headers_alone_come_with_the_real_answer(world: World, client: Client) -> None:
    """A delayed request is answered 200 with Retry-After."""
    world.faults.add(Fault(headers={"Retry-After": "1", "X-RateLimit-Delay": "0.500"}))

    answer = client.call("POST", "test/runs", BODY)

    assert (answer.status_code, answer.headers["Retry-After"]) == (200, "1")
    assert len(world.tests.all()) == 1


def test_the_sign_in_page_can_come_with_a_good_token(world: World, client: Client) -> None:
    world.faults.add(Fault(sign_in=True))

    answer = client.call("POST", "test/runs", BODY)

    assert answer.status_code == 203
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("action", [{"status": 503}, {"sign_in": True}, {"reset": True}], ids=str)
@pytest.mark.parametrize(("when", "runs"), [("before", 0), ("after", 1)])
def test_before_nothing_was_done_and_after_it_was(
    world: World, client: Client, action: dict[str, object], when: str, runs: int
) -> None:
    world.faults.add(Fault.model_validate({"when": when, "nth": 1, **action}))

    try:
        answer = client.call("POST", "test/runs", BODY)
        assert answer.status_code in (203, 503)
    except requests.ConnectionError:
        assert "reset" in action

    assert len(world.tests.all()) == runs


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_reset_is_a_tcp_reset_and_no_orderly_end(world: World, server: Server, client: Client, when: str) -> None:
    world.faults.add(Fault.model_validate({"reset": True, "when": when}))
    port = int(server.base_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        head = f"GET /sandbox/_apis/projects HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n\r\n"
        connection.sendall(head.encode())

        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_the_next_request_after_a_reset_is_served(world: World, client: Client) -> None:
    world.faults.add(Fault(nth=1, reset=True))
    with pytest.raises(requests.ConnectionError):
        client.call("POST", "test/runs", BODY)

    assert statuses(client, 1) == [200]


def test_a_delayed_request_waits_and_others_do_not(world: World, client: Client) -> None:
    world.faults.add(Fault(method="POST", delay=0.4))

    def seconds(ask: Callable[[], object]) -> float:
        start = time.monotonic()
        ask()
        return time.monotonic() - start

    assert min(seconds(lambda: client.get("test/runs")) for _ in range(5)) < 0.4
    assert seconds(lambda: client.post("test/runs", BODY)) >= 0.4


def test_the_journal_tells_what_was_done_to_a_request(world: World, client: Client) -> None:
    world.faults.add(Fault(nth=1, status=429, headers={"Retry-After": "1"}), Fault(nth=2, reset=True, when="after"))
    client.call("POST", "test/runs", BODY)
    with pytest.raises(requests.ConnectionError):
        client.call("POST", "test/runs", BODY)
    client.call("POST", "test/runs", BODY)

    told = [(each.status, each.fault) for each in world.journal.exchanges]
    assert told == [(429, "429 before Retry-After: 1"), (0, "reset after"), (200, "")]


def test_rules_come_from_yaml_or_json(tmp_path: Path) -> None:
    file = tmp_path / "faults.yml"
    file.write_text("- {method: POST, path: '*/results', nth: 2-3, reset: true, when: after}\n- signIn: true\n")

    assert load_faults(file) == [
        Fault(method="POST", path="*/results", nth="2-3", reset=True, when="after"),
        Fault(sign_in=True),
    ]
    assert read_faults('{"status": 429, "headers": {"Retry-After": "2"}}') == [
        Fault(status=429, headers={"Retry-After": "2"})
    ]


@pytest.mark.parametrize(
    "rule",
    [
        "{status: 429, reset: true}",
        "{nth: sometimes}",
        "{nth: 0}",
        "{nth: 4-2}",
        "{colour: red}",
        "{status: 99}",
        "[",
        "just text",
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match="fault rules"):
        read_faults(rule)
