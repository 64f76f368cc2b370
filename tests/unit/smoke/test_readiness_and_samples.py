"""Waiting until there is an answer, and how many requests fare, against real servers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from amltasks.endpoints.smoke.probing import Prober
from amltasks.endpoints.smoke.readiness import wait_ready
from amltasks.endpoints.smoke.reading import read_cases
from amltasks.endpoints.smoke.sampling import Sampler
from amltasks.report.checks import CheckOutcome
from tests.unit.smoke.answering import Answering, Asked, Reply, closed_port

Serve = Callable[[Callable[[int, Asked], Reply]], Answering]
Probe = Callable[..., Prober]

(CASE,) = read_cases('{"data": [[1]]}', Path())
ONE, TWO = read_cases("cases: [{name: one, body: 1}, {name: two, body: 2}]", Path())


def unheard(line: str) -> None:
    """What happens is of no interest."""


class TestReadiness:
    def test_it_is_asked_until_it_answers(self, serve: Serve, probe: Probe) -> None:
        """REQUIREMENTS 3.25: not ready is told apart from not right."""
        states = [Reply(drop="before"), Reply(b"", 502), Reply(b"", 503), Reply(b"", 404), Reply()]
        told: list[str] = []
        server = serve(lambda number, _: states[number])

        check = wait_ready(probe(server), CASE, told.append)

        assert check.ok, check.message
        assert "5 requests" in check.message
        assert len(server.asked) == 5
        assert [line.partition(": ")[2].split(" (")[0] for line in told] == [
            "The connection was dropped without an answer.",
            "Status 502",
            "Status 503",
            "Status 404",
        ]

    @pytest.mark.parametrize("status", [400, 422, 424, 500])
    def test_an_answer_to_a_bad_request_is_one(self, status: int, serve: Serve, probe: Probe) -> None:
        """What is wrong with it is for the case to say."""
        assert wait_ready(probe(serve(lambda *_: Reply(status=status))), CASE, unheard).ok

    @pytest.mark.parametrize(("status", "why"), [(401, "not accepted"), (403, "does not allow")])
    def test_no_wait_makes_a_key_right(self, status: int, why: str, serve: Serve, probe: Probe) -> None:
        server = serve(lambda *_: Reply(b"", status))

        check = wait_ready(probe(server), CASE, unheard)

        assert check.outcome is CheckOutcome.FAILED
        assert why in check.message
        assert len(server.asked) == 1

    def test_what_does_not_become_ready_fails_with_the_last_reason(self, probe: Probe) -> None:
        check = wait_ready(probe(f"http://127.0.0.1:{closed_port()}/score"), CASE, unheard, timeout=0.5)

        assert check.outcome is CheckOutcome.FAILED
        assert check.message.startswith("Not ready after ")
        assert "The connection is refused" in check.message

    def test_a_cancelled_command_waits_no_longer(self, serve: Serve, probe: Probe) -> None:
        prober = probe(serve(lambda *_: Reply(b"", 503)))
        threading.Timer(0.2, prober.stop.set).start()

        check = wait_ready(prober, CASE, unheard, timeout=60)

        assert check.outcome is CheckOutcome.NOT_RUN
        assert check.duration < 30


class TestSamples:
    def test_errors_and_times_of_many_requests(self, serve: Serve, probe: Probe) -> None:
        """The cases take turns; what is not as a case expects is an error."""
        server = serve(
            lambda number, _: Reply(b"", 503) if number % 4 == 0 else Reply(drop="before" if number == 1 else "")
        )

        sample = Sampler(probe(server), (ONE, TWO), concurrency=3).sample(20)

        assert (sample.requests, sample.errors, sample.error_rate) == (20, 6, 0.3)
        assert sample.faults == {
            "Status 503 (not ready, or too busy), and 2xx was expected.": 5,
            "The connection was dropped without an answer.": 1,
        }
        assert len(sample.seconds) == 19
        assert 0 < (sample.percentile(50) or 0) <= (sample.percentile(95) or 0)
        assert sorted(asked.body for asked in server.asked) == [b"1"] * 10 + [b"2"] * 10

    def test_two_deployments_are_compared_on_the_same_requests(self, serve: Serve, probe: Probe) -> None:
        def answer(_: int, asked: Asked) -> Reply:
            shift = 0.5 if asked.headers["which"] == "green" else 0.0
            return Reply(
                json.dumps({"result": [json.loads(asked.body) + (shift if asked.body == b"2" else 1e-12)]}).encode()
            )

        sampler = Sampler(probe(serve(answer), deployment_header="which"), (ONE, TWO))

        compared = sampler.compare(10, "green", "blue")
        tolerant = sampler.compare(10, "green", "blue", relative=0.25)

        assert (compared.compared, compared.differing, compared.difference_rate) == (10, 5, 0.5)
        assert compared.examples == ("two: result[0] is 2.5, and 2.0 was expected.",)
        assert (compared.new.requests, compared.old.requests) == (10, 10)
        assert tolerant.differing == 0

    def test_bad_answers_are_errors_and_no_differences(self, serve: Serve, probe: Probe) -> None:
        def answer(_: int, asked: Asked) -> Reply:
            return Reply(status=500 if asked.headers["which"] == "green" else 200)

        compared = Sampler(probe(serve(answer), deployment_header="which"), (ONE,)).compare(4, "green", "blue")

        assert (compared.new.errors, compared.old.errors, compared.compared, compared.difference_rate) == (4, 0, 0, 0.0)

    def test_nothing_is_sent_once_the_command_is_cancelled(self, serve: Serve, probe: Probe) -> None:
        prober = probe(serve(lambda *_: Reply()))
        prober.stop.set()

        sample = Sampler(prober, (ONE,)).sample(5)

        assert (sample.requests, sample.error_rate, sample.percentile(95)) == (0, 0.0, None)
