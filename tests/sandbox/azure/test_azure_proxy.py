"""One proxy answers for every host of Azure, ends its TLS by an authority of its own and lets nothing out."""

from __future__ import annotations

import json
import socket
import ssl
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from sandbox.faults import Fault
from tests.sandbox.azure.conftest import MANAGEMENT, VERSION, Cloud, tunnel


def received(connection: socket.socket, until: bytes) -> bytes:
    found = b""
    while until not in found:
        part = connection.recv(65536)
        assert part, found
        found += part
    return found


class TestHosts:
    @pytest.mark.parametrize("host", ["management.azure.com", "westeurope.api.azureml.ms", "example.org"])
    def test_every_host_has_a_certificate_of_the_worlds_own_authority(self, cloud: Cloud, host: str) -> None:
        connection = tunnel(cloud, host)
        connection.connect()

        told: dict[str, Any] = connection.sock.getpeercert() or {}
        assert ("DNS", host) in told["subjectAltName"]
        connection.close()

    def test_who_does_not_trust_the_authority_says_nothing(self, cloud: Cloud) -> None:
        with httpx.Client(proxy=cloud.server.base_url, trust_env=False) as client, pytest.raises(httpx.ConnectError):
            client.get(MANAGEMENT)

        assert cloud.world.journal.exchanges == []

    @pytest.mark.parametrize("url", ["https://example.org/a?b=1", "http://example.org/a?b=1"])
    def test_a_host_that_is_not_played_is_answered_501_and_stands_in_the_journal(self, cloud: Cloud, url: str) -> None:
        answer = cloud.ask("GET", url)

        assert answer.status_code == 501
        assert "https://example.org/a" in answer.json()["error"]["message"]
        assert [(each.url, each.status) for each in cloud.world.journal.exchanges] == [(url, 501)]

    def test_an_address_that_is_not_played_is_answered_501(self, cloud: Cloud) -> None:
        answer = cloud.ask("DELETE", f"{cloud.workspace}/flights/one", params=VERSION)

        assert answer.status_code == 501
        assert f"DELETE {MANAGEMENT}{cloud.workspace}/flights/one" in answer.json()["error"]["message"]

    def test_addresses_are_found_in_any_case(self, cloud: Cloud) -> None:
        answer = cloud.ask("GET", cloud.workspace.upper().replace("SANDBOX", "Sandbox"), params=VERSION)

        assert answer.json()["id"] == cloud.workspace

    def test_the_host_is_the_one_that_was_asked_for_whatever_the_request_says(self, cloud: Cloud) -> None:
        answer = cloud.ask("GET", f"https://example.org{cloud.workspace}", headers={"Host": "management.azure.com"})

        assert answer.status_code == 501

    def test_azure_devops_is_reached_through_the_proxy_too(self, cloud: Cloud) -> None:
        token = cloud.world.tokens.issue("x")

        headers = {"Authorization": f"Bearer {token}"}
        answer = cloud.ask("GET", f"{cloud.server.collection_url}_apis/projects", headers=headers)

        assert answer.json()["value"][0]["name"] == "demo"


class TestConnections:
    def test_a_connection_is_kept_for_many_requests(self, cloud: Cloud) -> None:
        connection = tunnel(cloud, "westeurope.api.azureml.ms")
        sockets = set()
        for _ in range(3):
            connection.request("GET", "/discovery", headers={"Authorization": f"Bearer {cloud.token()}"})
            assert json.loads(connection.getresponse().read())["api"] == "https://westeurope.api.azureml.ms"
            sockets.add(connection.sock)
        connection.close()

        assert len(sockets) == 1

    def test_a_request_in_pieces_is_put_together(self, cloud: Cloud) -> None:
        address = cloud.server.base_url.rpartition("//")[2].split(":")
        with socket.create_connection((address[0], int(address[1]))) as plain:
            for part in (b"CON", b"NECT management.azure.com:443 HT", b"TP/1.1\r\nHost: x\r\n", b"\r\n"):
                plain.sendall(part)
            received(plain, b"\r\n\r\n")
            trust = ssl.create_default_context(cadata=cloud.world.authority.certificate.decode())
            with trust.wrap_socket(plain, server_hostname="management.azure.com") as secure:
                secure.sendall(b"GET /subscriptions?api-version=2022-12-01 HTTP/1.1\r\n")
                secure.sendall(f"Host: x\r\nAuthorization: Bearer {cloud.token()}\r\n\r\n".encode())
                told = received(secure, b'"value"')

        assert b"HTTP/1.1 200 OK" in told

    def test_a_body_may_come_in_chunks_and_after_it_was_asked_for(self, cloud: Cloud) -> None:
        connection = tunnel(cloud, "management.azure.com")
        connection.putrequest("PUT", f"{cloud.subscription}/resourceGroups/new?api-version=2022-09-01")
        for name, value in {
            "Authorization": f"Bearer {cloud.token()}",
            "Content-Type": "application/json",
            "Transfer-Encoding": "chunked",
            "Expect": "100-continue",
        }.items():
            connection.putheader(name, value)
        connection.endheaders()
        assert received(connection.sock, b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        for part in (b'{"loc', b'ation": "west', b'europe"}', b""):
            connection.send(b"%x\r\n%s\r\n" % (len(part), part))

        assert connection.getresponse().status == 201
        connection.close()

    @pytest.mark.parametrize(
        "line",
        ["CONNECT -a..b:443 HTTP/1.1", f"CONNECT {'a' * 300}:443 HTTP/1.1", "CONNECT x y", "GET http://[a/ HTTP/1.1"],
    )
    def test_what_names_no_host_is_a_bad_request(self, cloud: Cloud, line: str) -> None:
        address = cloud.server.base_url.rpartition("//")[2].split(":")
        with socket.create_connection((address[0], int(address[1])), timeout=30) as plain:
            plain.sendall(f"{line}\r\nHost: x\r\n\r\n".encode())

            assert received(plain, b"\r\n\r\n").startswith(b"HTTP/1.1 400 ")


class TestStrictness:
    """What nobody knows that Azure would take is refused by its name, in ARM's form."""

    @pytest.mark.parametrize(
        ("query", "code", "named"),
        [
            ({}, "MissingApiVersionParameter", "api-version"),
            ({"api-version": "1999-01-01"}, "InvalidApiVersionParameter", "1999-01-01"),
            ({**VERSION, "fast": "true"}, "InvalidQueryParameter", "fast"),
        ],
    )
    def test_of_the_query(self, cloud: Cloud, query: dict[str, str], code: str, named: str) -> None:
        answer = cloud.ask("GET", cloud.workspace, params=query)

        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
        assert named in answer.json()["error"]["message"]

    @pytest.mark.parametrize(
        ("body", "named"), [({"location": "x", "colour": "red"}, "colour"), ({"tags": {}}, "location")]
    )
    def test_of_the_body(self, cloud: Cloud, body: dict[str, Any], named: str) -> None:
        query = {"api-version": "2022-09-01"}

        answer = cloud.ask("PUT", f"{cloud.subscription}/resourceGroups/new", params=query, json=body)

        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")
        assert named in answer.json()["error"]["message"]

    def test_of_the_subscription_and_the_group(self, cloud: Cloud) -> None:
        other = cloud.workspace.replace(cloud.world.azure.subscription.id, "0" * 8)
        codes = [
            cloud.ask("GET", path, params=VERSION).json()["error"]["code"]
            for path in (other, cloud.workspace.replace("sandbox", "none"), f"{cloud.workspace}2")
        ]

        assert codes == ["SubscriptionNotFound", "ResourceGroupNotFound", "ResourceNotFound"]


class TestFaults:
    def test_a_fault_may_be_of_one_host(self, cloud: Cloud) -> None:
        cloud.world.faults.add(Fault(host="*.azureml.ms", status=503), Fault(host="management.*", nth=2, status=429))

        statuses = [cloud.ask("GET", cloud.workspace, params=VERSION).status_code for _ in range(2)]
        statuses.append(cloud.ask("GET", "https://westeurope.api.azureml.ms/discovery").status_code)

        assert statuses == [200, 429, 503]

    def test_a_fault_has_the_services_form(self, cloud: Cloud) -> None:
        cloud.world.faults.add(Fault(status=429, headers={"Retry-After": "7"}))

        answers = [
            cloud.ask("GET", f"https://{host}/x")
            for host in ("management.azure.com", "login.microsoftonline.com", "sandboxstorage.blob.core.windows.net")
        ]

        assert [each.headers["Retry-After"] for each in answers] == ["7"] * 3
        assert answers[0].json()["error"]["code"] == "TooManyRequests"
        assert "AADSTS" in answers[1].json()["error_description"]
        assert "<Code>TooManyRequests</Code>" in answers[2].text

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_connection_in_a_tunnel_is_reset(self, cloud: Cloud, when: Literal["before", "after"]) -> None:
        cloud.world.faults.add(Fault(reset=True, when=when))
        group = f"{cloud.subscription}/resourceGroups/new"

        with pytest.raises(httpx.TransportError):
            cloud.ask("PUT", group, params={"api-version": "2022-09-01"}, json={"location": "westeurope"})

        assert (cloud.world.azure.resources.get(group) is not None) == (when == "after")
        assert cloud.world.journal.exchanges[-1].status == 0


class TestJournal:
    def test_azures_exchanges_have_a_file_of_their_own(self, cloud: Cloud, tmp_path: Path) -> None:
        cloud.world.journal.to(tmp_path / "all.jsonl")
        cloud.ask("GET", cloud.workspace, params=VERSION)
        cloud.world.journal.close()

        assert (tmp_path / "all.jsonl").read_text() == ""
        [line] = (tmp_path / "all.azure.jsonl").read_text().splitlines()
        assert json.loads(line)["apiVersion"] == VERSION["api-version"]

    def test_it_holds_no_secret(self, cloud: Cloud) -> None:
        cloud.run("result = credential.get_token('https://management.azure.com/.default').token")
        account = cloud.world.azure.workspaces.all()[0].properties["storageAccount"]
        cloud.ask("POST", f"{account}/listKeys?api-version=2023-01-01")
        cloud.ask("GET", cloud.world.azure.storage.signed("sandboxstorage", "none"))

        told = "".join(each.model_dump_json() for each in cloud.world.journal.exchanges)

        assert "access_token" in told
        assert "sig=..." in told
        for secret in (cloud.secret, "eyJ", cloud.world.azure.storage.key("sandboxstorage")):
            assert secret not in told
