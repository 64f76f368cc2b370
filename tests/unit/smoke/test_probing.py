"""Cases sent to real servers, good and bad ones: what the check says, keeps and hides."""

from __future__ import annotations

import gzip
import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from amltasks.endpoints.smoke.cases import Case
from amltasks.endpoints.smoke.exchange import session_for
from amltasks.endpoints.smoke.probing import KEPT_BYTES, Prober
from amltasks.endpoints.smoke.reading import read_cases
from amltasks.errors import UserError
from amltasks.platforms.endpoints import Access
from amltasks.report.checks import Check, CheckOutcome
from tests.unit.smoke.answering import KEY, Answering, Asked, Reply, closed_port

Serve = Callable[[Callable[[int, Asked], Reply]], Answering]
Probe = Callable[..., Prober]

PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01")


def a_case(**given: Any) -> Case:
    (case,) = read_cases(json.dumps({"cases": [{"name": "rows", "body": {"data": [[1]]}, **given}]}), Path())
    return case


def good(number: int, asked: Asked) -> Reply:
    return Reply()


def assert_failed(check: Check, sentence: str) -> None:
    assert check.outcome is CheckOutcome.FAILED
    assert sentence in check.message, check.message


class TestAGoodAnswer:
    @pytest.fixture
    def checked(self, serve: Serve, probe: Probe) -> tuple[Check, Asked]:
        server = serve(good)
        check = probe(server).run(a_case(headers={"x-api-version": 2}))
        (asked,) = server.asked
        return check, asked

    def test_it_is_sent_as_the_case_says_with_the_key(self, checked: tuple[Check, Asked]) -> None:
        _, asked = checked

        assert (asked.method, asked.path) == ("POST", "/api/v1/service/diabetes/score")
        assert json.loads(asked.body) == {"data": [[1]]}
        assert asked.headers["Authorization"] == f"Bearer {KEY}"
        assert asked.headers["Content-Type"] == "application/json"
        assert asked.headers["x-api-version"] == "2"

    def test_the_trace_that_was_sent_is_told(self, checked: tuple[Check, Asked]) -> None:
        """REQUIREMENTS 2.28: so that it is found among the requests of Application Insights."""
        check, asked = checked
        parent = PARENT.fullmatch(asked.headers["traceparent"])

        assert parent is not None
        assert set(parent[1]) != {"0"}
        assert set(parent[2]) != {"0"}
        assert f"traceparent: {parent[0]}" in check.details
        assert f"Client Request Id in Application Insights: {parent[1]}" in check.details
        assert asked.headers["x-ms-client-request-id"] == parent[1]

    def test_the_response_is_shown_and_kept(self, checked: tuple[Check, Asked]) -> None:
        """REQUIREMENTS 4.12."""
        check, _ = checked
        (kept,) = check.files

        assert check.outcome is CheckOutcome.PASSED
        assert check.message.startswith("Status 200 in ")
        assert '{"result": [1.5, 2.5]}' in check.message
        assert (kept.name, kept.path.read_bytes()) == ("rows.json", b'{"result": [1.5, 2.5]}')


def test_requests_go_through_one_connection(serve: Serve, probe: Probe) -> None:
    """So that times are those of the service, and not of connecting to it."""
    server = serve(good)

    assert probe(server).run(a_case(repeat=5)).ok
    assert len({asked.port for asked in server.asked}) == 1


def test_a_compressed_response_is_understood(serve: Serve, probe: Probe) -> None:
    packed = gzip.compress(b'{"result": [1.5]}')
    server = serve(lambda *_: Reply(packed, headers={"Content-Encoding": "gzip"}))

    assert probe(server).run(a_case(expect={"values": {"result[0]": 1.5}})).ok


class TestBadAnswers:
    def test_a_redirect_is_not_followed(self, serve: Serve, probe: Probe) -> None:
        """The key is for one address."""
        elsewhere = serve(good)
        server = serve(lambda *_: Reply(b"", 307, {"Location": elsewhere.address}))

        check = probe(server).run(a_case())

        assert_failed(check, f"Status 307 (it sends on to '{elsewhere.address}': use that address)")
        assert elsewhere.asked == []

    @pytest.mark.parametrize("drop", ["before", "within"])
    def test_a_connection_that_is_dropped(self, drop: str, serve: Serve, probe: Probe) -> None:
        server = serve(lambda *_: Reply(drop=drop))

        check = probe(server).run(a_case())

        assert_failed(check, "The connection was dropped")
        assert len(server.asked) == 1, "nothing is sent twice"

    def test_an_answer_that_does_not_come(self, serve: Serve, probe: Probe) -> None:
        done = threading.Event()

        def late(number: int, asked: Asked) -> Reply:
            done.wait(20)
            return Reply()

        server = serve(late)

        check = probe(server).run(a_case(timeout=0.2))
        done.set()

        assert_failed(check, "No answer within 0.2 s.")

    def test_a_response_that_drips(self, serve: Serve, probe: Probe) -> None:
        """It comes so slowly that it would never be complete; every byte would start the wait anew."""
        check = probe(serve(lambda *_: Reply(b"x" * 200, pause=0.05))).run(a_case(timeout=0.3))

        assert_failed(check, "The response was not complete in time: ")

    def test_a_response_that_is_not_encoded_as_it_says(self, serve: Serve, probe: Probe) -> None:
        check = probe(serve(lambda *_: Reply(headers={"Content-Encoding": "gzip"}))).run(a_case())

        assert_failed(check, "The response is not encoded as its head says: ")

    def test_nobody_listens(self, probe: Probe) -> None:
        check = probe(f"http://127.0.0.1:{closed_port()}/score").run(a_case())

        assert_failed(check, "The connection is refused: nothing listens there.")

    def test_a_server_that_speaks_no_tls(self, serve: Serve, probe: Probe) -> None:
        check = probe(serve(good).address.replace("http:", "https:")).run(a_case())

        assert_failed(check, "No secure connection")
        assert "REQUESTS_CA_BUNDLE" in check.message

    def test_of_many_answers_the_bad_ones_are_counted(self, serve: Serve, probe: Probe) -> None:
        server = serve(lambda number, _: Reply(status=503 if number % 5 == 1 else 200))

        check = probe(server).run(a_case(repeat=10, concurrency=3))

        assert_failed(check, "2 of 10 answers: Status 503 (not ready, or too busy), and 2xx was expected")
        assert "10 answers: p50 " in check.details
        traces = {PARENT.fullmatch(asked.headers["traceparent"]) for asked in server.asked}
        assert len({trace[1] for trace in traces if trace}) == 1, "one trace"
        assert len({trace[2] for trace in traces if trace}) == 10, "with a part for each request"

    def test_a_slow_answer_fails_its_percentile(self, serve: Serve, probe: Probe) -> None:
        def once_late(number: int, asked: Asked) -> Reply:
            time.sleep(0 if number else 0.3)
            return Reply()

        slow = probe(serve(once_late)).run(a_case(repeat=4, expect={"p50": 10, "p99": "200 ms"}))

        assert_failed(slow, "p99 is ")
        assert "of 4 answers, and 200 ms were expected." in slow.message


class TestWhatIsKept:
    def test_a_huge_response_is_cut(self, serve: Serve, probe: Probe) -> None:
        server = serve(lambda *_: Reply(json.dumps(["x" * 100] * 30_000).encode()))

        check = probe(server).run(a_case())
        (kept,) = check.files

        assert check.ok
        assert kept.path.stat().st_size == KEPT_BYTES
        assert kept.note == "The first 1,048,576 of 3,120,000 bytes."
        assert "more characters" in check.details
        assert len(check.details) < 6000

    def test_a_binary_response_is_kept_as_it_is(self, serve: Serve, probe: Probe) -> None:
        png = b"\x89PNG\r\n\x1a\n\x00\xff"
        server = serve(lambda *_: Reply(png, headers={"Content-Type": "image/png"}))

        check = probe(server).run(a_case(expect={"json": False}))
        (kept,) = check.files

        assert check.ok
        assert (kept.name, kept.path.read_bytes()) == ("rows.bin", png)
        assert "10 bytes of 'image/png'" in check.message

    def test_names_of_cases_make_harmless_names_of_files(self, serve: Serve, probe: Probe, tmp_path: Path) -> None:
        prober = probe(serve(good))

        names = [prober.run(a_case(name=name)).files[0].path for name in ("../a b", "../a/b", ".hidden")]

        assert len(set(names)) == 3
        assert all(path.parent == tmp_path / "responses" for path in names)
        assert not any(path.name.startswith(".") for path in names)

    @pytest.mark.parametrize("ending", [b"", b"\xff\xfe"])
    def test_a_key_that_the_service_gives_back_is_nowhere(self, ending: bytes, serve: Serve, probe: Probe) -> None:
        """In the response as text or in bytes, at the border of what is cut, in headers, or in a fault."""
        filler = "x" * (200 - len('{"filler": "') - 5)
        body = f'{{"filler": "{filler}{KEY}", "all": "{KEY}"}}'.encode() + ending
        server = serve(lambda *_: Reply(body, headers={"Content-Type": "application/json", "x-ms-key": KEY}))

        for expect in ({"json": False}, {"json": False, "text": "other"}, {"values": {"all": "other"}}):
            check = probe(server).run(a_case(expect=expect))
            (kept,) = check.files
            told = check.model_dump_json().encode() + kept.path.read_bytes()
            assert KEY.encode() not in told
            assert KEY[:8].encode() not in told
            assert b"***" in told


class TestKeysAndDeployments:
    def test_a_token_that_has_run_out_is_asked_for_anew(self, serve: Serve, tmp_path: Path) -> None:
        server = serve(lambda _, asked: Reply(status=200 if asked.headers["Authorization"] == "Bearer new" else 401))
        tokens = ["old", "new"]
        prober = Prober(
            lambda: Access(address=server.address, headers={"Authorization": f"Bearer {tokens.pop(0)}"}), tmp_path
        )

        assert prober.run(a_case(repeat=2)).ok
        assert len(server.asked) == 3
        assert tokens == []

    def test_a_key_that_is_refused_is_not_asked_for_without_end(self, serve: Serve, probe: Probe) -> None:
        server = serve(lambda *_: Reply(b"", 401))

        check = probe(server).run(a_case())

        assert_failed(check, "Status 401 (the key or token is missing or not accepted)")
        assert len(server.asked) == 1

    def test_a_netrc_does_not_take_the_keys_place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "netrc").write_text("default login somebody password other\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        request = requests.Request("POST", "https://example.org/score", headers={"Authorization": f"Bearer {KEY}"})

        prepared = session_for(Access(address="https://example.org/score")).prepare_request(request)

        assert prepared.headers["Authorization"] == f"Bearer {KEY}"

    def test_cookies_bind_nobody_to_a_deployment(self, serve: Serve, probe: Probe) -> None:
        server = serve(lambda *_: Reply(headers={"Content-Type": "application/json", "Set-Cookie": "affinity=blue"}))

        assert probe(server).run(a_case(repeat=3)).ok
        assert not any("Cookie" in asked.headers for asked in server.asked)

    def test_one_deployment_is_asked_by_its_header_or_its_address(self, serve: Serve, probe: Probe) -> None:
        server, green = serve(good), serve(good)
        by_header = probe(server, deployment_header="azureml-model-deployment")
        by_address = probe(Access(address=server.address).address, addresses={"green": green.address})

        assert "deployment: green" in by_header.run(a_case(), "green").details
        assert by_address.run(a_case(), "green").ok
        assert [asked.headers.get("azureml-model-deployment") for asked in server.asked] == ["green"]
        assert len(green.asked) == 1

    def test_a_deployment_that_cannot_be_asked_is_refused(self, serve: Serve, probe: Probe) -> None:
        with pytest.raises(UserError, match="'green' cannot be asked by itself"):
            probe(serve(good)).run(a_case(), "green")

    def test_another_path_of_the_same_host(self, serve: Serve, probe: Probe) -> None:
        server = serve(good)
        prober = probe(server)

        prober.run(a_case(path="swagger.json", method="GET"))
        prober.run(a_case(path="/health?deep=1"))

        assert [asked.path for asked in server.asked] == ["/api/v1/service/diabetes/swagger.json", "/health?deep=1"]


def test_nothing_is_sent_once_the_command_is_cancelled(serve: Serve, probe: Probe) -> None:
    server = serve(good)
    prober = probe(server)
    prober.stop.set()

    check = prober.run(a_case(repeat=3))

    assert check.outcome is CheckOutcome.NOT_RUN
    assert server.asked == []


def test_a_case_that_was_cancelled_halfway_has_no_verdict(serve: Serve, probe: Probe) -> None:
    def reply(number: int, asked: Asked) -> Reply:
        if number == 1:
            prober.stop.set()
        return Reply()

    prober = probe(serve(reply))

    check = prober.run(a_case(repeat=5))

    assert (check.outcome, check.message) == (
        CheckOutcome.NOT_RUN,
        "The command was cancelled after 2 of its requests.",
    )


def test_the_scoring_scripts_own_status_counts_where_a_managed_endpoint_made_424_of_it(
    serve: Serve, probe: Probe
) -> None:
    told = {"ms-azureml-model-error-statuscode": "400", "ms-azureml-model-error-reason": "model_error"}
    server = serve(lambda number, asked: Reply(b'{"error": "10 numbers"}', 424, told))

    refused = probe(server).run(a_case(expect={"status": 400, "matches": {"error": "numbers"}}))
    expected = probe(server).run(a_case())

    assert refused.outcome is CheckOutcome.PASSED, refused.message
    assert_failed(expected, "Status 400, and 2xx was expected")
