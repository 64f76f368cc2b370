"""The journal holds what went over the wire, and none of the secrets that opened it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox.journal import KEPT_BYTES, Exchange
from sandbox.world import World
from tests.sandbox.services.http_client import Client


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_an_exchange_has_both_bodies_and_the_version(world: World, client: Client) -> None:
    client.post("test/runs", {"name": "Größe"})

    exchange = world.journal.exchanges[-1]
    assert exchange.method == "POST"
    assert exchange.url == f"{client.server.collection_url}demo/_apis/test/runs"
    assert exchange.request_body == {"name": "Größe"}
    assert exchange.response_body["name"] == "Größe"
    assert (exchange.status, exchange.api_version) == (200, "7.1")


def test_the_token_is_not_in_it(world: World, client: Client) -> None:
    client.get("test/runs")

    assert client.token not in world.journal.exchanges[-1].model_dump_json()


def test_bodies_that_are_no_json_are_null(world: World, client: Client) -> None:
    client.call("GET", "/")
    client.call("GET", "test/runs", headers={"Authorization": ""})
    client.call("POST", "test/runs", data=b"{}", headers={"Content-Type": "application/octet-stream"})

    assert [each.response_body for each in world.journal.exchanges][:2] == [None, None]
    assert world.journal.exchanges[2].request_body is None


def test_a_file_has_what_was_before_and_what_follows_by_what_is_published(
    world: World, client: Client, tmp_path: Path
) -> None:
    client.get("test/runs")
    world.journal.to(tmp_path / "record.jsonl")
    client.call("GET", "no/such/route")
    client.call("OPTIONS", "/sandbox/_apis")
    client.call("GET", "/sandbox/_apis/resourceAreas")
    client.call("GET", "/")

    published, others = lines(tmp_path / "record.jsonl"), lines(tmp_path / "record.unpublished.jsonl")
    assert [each["status"] for each in published] == [200, 501]
    assert [each["method"] for each in others] == ["OPTIONS", "GET", "GET"]
    assert set(published[0]) >= {"method", "url", "requestBody", "status", "responseBody", "apiVersion"}


def test_a_new_file_begins_empty(world: World, client: Client, tmp_path: Path) -> None:
    (tmp_path / "record.jsonl").write_text("old\n")

    world.journal.to(tmp_path / "record.jsonl")
    client.get("test/runs")

    assert len(lines(tmp_path / "record.jsonl")) == 1


def test_memory_is_bounded_by_the_bodies_the_latest_stay(world: World) -> None:
    for number in range(4):
        exchange = Exchange(method="GET", url=str(number), status=200, time=0, duration=0, size=KEPT_BYTES // 3)
        world.journal.add(exchange)

    assert [each.url for each in world.journal.exchanges] == ["1", "2", "3"]
