"""TestEndpoint in builds: a served model is asked; what its approvers, the Tests tab and later steps see of it."""

from __future__ import annotations

import json
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from amltasks.report.tab_records import CHECKS, TabChecks
from sandbox.agent import Agent, Timing
from tests.task.pipelines import Published, Site, printed, script
from tests.unit.smoke.answering import KEY, Answering, Asked, Reply

pytestmark = pytest.mark.xdist_group("test endpoint")

PATIENT = Timing(interrupt=60, retry=0.01)  # how fast the step ends is tested elsewhere
CASES = """
cases:
- name: two rows
  body: {data: [[1, 2], [3, 4]]}
  repeat: 5
  expect: {length: {result: 2}, values: {"result[0]": {value: 1.4, absolute: 0.2}}, p95: 20 s}
- name: what is wrong
  body: {data: []}
  expect: {values: {"result[1]": 7}, schema: {required: [version]}}
"""


def ask(name: str, **inputs: Any) -> dict[str, Any]:
    return {"task": "TestEndpoint@1", "name": name, "displayName": name, "continueOnError": True, "inputs": inputs}


class Builds:
    """One build that asks a scoring server well and badly."""

    def __init__(self, site: Site, server: Answering) -> None:
        self.server = server
        site.file(".azureml/test.json", '{"data": [[1, 2]]}')
        site.file("cases.yml", CASES)
        address, key = server.address, "$(endpointKey)"
        said = "echo said $(plain.Outcome) $(plain.Passed) $(plain.Failed) $(several.Outcome) $(several.Failed)"
        self.ran = site.run(
            ask("plain", address=address, key=key),
            ask("several", address=address, key=key, tests="cases.yml", publish="testResults, junit, summary"),
            ask("keyless", address=address),
            ask("elsewhere", address="nowhere", tests="cases.yml"),
            script(said),
            secrets={"endpointKey": KEY},
        )


def reply(number: int, asked: Asked) -> Reply:
    good = asked.headers.get("Authorization") == f"Bearer {KEY}"
    answer = {"result": [1.5, 2.5], "you": asked.headers.get("Authorization")}
    return Reply(json.dumps(answer).encode()) if good else Reply(b'{"message": "no"}', 401)


@pytest.fixture(scope="session")
def builds(new_site: Callable[[], Site]) -> Iterator[Builds]:
    server = Answering(reply)
    yield Builds(new_site(), server)
    server.close()


@pytest.fixture(scope="session")
def ran(builds: Builds) -> Published:
    return builds.ran


def results(ran: Published, title: str) -> dict[str, Any]:
    """Of the test run with this title, by the checks' names."""
    (run,) = [each for each in ran.test_runs if each.request.name == title]
    return dict(ran.results(run))


def folder(ran: Published, step: str) -> Path:
    return ran.staging / "checks" / step


def test_the_request_of_the_repository_is_sent_and_its_response_shown(ran: Published, builds: Builds) -> None:
    """REQUIREMENTS 4.11, 4.12, 2.28."""
    checks = results(ran, "plain")
    sent = next(asked for asked in builds.server.asked if asked.body == b'{"data": [[1, 2]]}')

    assert {title: each.outcome for title, each in checks.items()} == {"Ready": "Passed", "test": "Passed"}
    assert '{"result": [1.5, 2.5]' in checks["test"].comment
    assert "Client Request Id in Application Insights" in checks["test"].comment
    assert sent.headers["traceparent"].startswith("00-")
    assert json.loads((folder(ran, "plain") / "responses" / "test.json").read_text())["result"] == [1.5, 2.5]
    (run,) = [each for each in ran.test_runs if each.request.name == "plain"]
    attached = ran.attached("test", run)
    assert list(attached) == ["test.json"]
    assert run.state == "Completed"


def test_a_wrong_answer_fails_the_step_with_its_reasons(ran: Published) -> None:
    """REQUIREMENTS 3.25."""
    checks = results(ran, "several")
    wrong = checks["what is wrong"]

    assert {title: each.outcome for title, each in checks.items()} == {
        "Ready": "Passed",
        "two rows": "Passed",
        "what is wrong": "Failed",
    }
    assert "does not keep to the schema: 'version' is a required property" in wrong.error_message
    assert "result[1] is 2.5, and 7 was expected." in wrong.stack_trace
    assert wrong.automated_test_name == "Smoke test: what is wrong"
    assert ran.verdicts["several"] == "succeededWithIssues"
    assert ran.verdicts["plain"] == "succeeded"
    error = ran.errors("several")[0]
    assert error.startswith("what is wrong: The response does not keep to the schema")


def test_its_files_say_the_same(ran: Published) -> None:
    (suite,) = ElementTree.parse(folder(ran, "several") / "junit.xml").getroot()
    summary = (folder(ran, "several") / "summary.md").read_text()
    report = json.loads((folder(ran, "several") / "results.json").read_text())

    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    assert "1 of 3 checks failed" in summary
    assert "#### what is wrong" in summary
    assert [check["outcome"] for check in report["checks"]] == ["passed", "passed", "failed"]
    assert report["links"]["Test run"]
    assert report["problems"] == []


def test_a_missing_key_is_told_and_the_rest_not_sent(ran: Published) -> None:
    checks = results(ran, "keyless")

    assert {title: each.outcome for title, each in checks.items()} == {"Ready": "Failed", "test": "NotExecuted"}
    assert "the key or token is missing or not accepted" in checks["Ready"].error_message


def test_bad_input_is_one_sentence(ran: Published) -> None:
    assert ran.errors("elsewhere")[0] == "address: 'nowhere' is none: write it as https://host/score."


def test_later_steps_read_what_came_of_it(ran: Published) -> None:
    assert "said passed 2 0 failed 1" in printed(ran)


def test_the_tab_has_the_checks_of_each_step_unless_it_is_left_out(ran: Published) -> None:
    told = {name: TabChecks.model_validate_json(text) for name, text in ran.tab().items() if name.endswith(CHECKS)}
    by_step = {each.context.step: each for each in told.values()}

    assert set(by_step) == {"plain", "keyless"}
    assert [check.name for check in by_step["plain"].checks] == ["Ready", "test"]
    assert by_step["plain"].verdict == "All 2 checks passed."
    assert by_step["keyless"].verdict.startswith("1 of 2 checks failed: Ready: ")
    assert by_step["keyless"].context.task == "TestEndpoint"


def test_the_key_is_nowhere(ran: Published) -> None:
    """The service gave it back in every response."""
    logs = "\n".join("\n".join(ran.log(name)) for name in ("plain", "several", "keyless", "elsewhere"))
    kept = [path for path in (ran.staging / "checks").rglob("*") if path.is_file()]
    attached = [
        content for run in ran.test_runs for title in ran.results(run) for content in ran.attached(title, run).values()
    ]

    assert KEY not in logs
    assert len(kept) >= 7
    assert all(KEY.encode() not in path.read_bytes() for path in kept)
    assert attached
    assert all(KEY.encode() not in content for content in attached)
    assert all(KEY.encode() not in content for content in ran.tab().values())
    assert KEY not in json.dumps([each.request.comment for each in ran.test_runs])


def test_a_cancelled_step_ends_and_says_how_far_it_came(new_site: Callable[[], Site]) -> None:
    """While it waits for an endpoint that is not ready."""
    site, server = new_site(), Answering(lambda *_: Reply(b"", 503))

    def watch(agent: Agent) -> None:
        def cancel() -> None:
            while not server.asked:
                time.sleep(0.05)
            agent.cancel()

        threading.Thread(target=cancel, daemon=True).start()

    try:
        ran = site.run(ask("waits", address=server.address, tests="{a: 1}"), after_start=watch, timing=PATIENT)
    finally:
        server.close()

    (run,) = ran.test_runs
    assert ran.verdicts["waits"] == "canceled"
    assert run.state == "Aborted"
    assert {title: each.outcome for title, each in ran.results(run).items()} == {
        "Ready": "NotExecuted",
        "request": "NotExecuted",
    }
    assert any("The command was cancelled after " in line for line in ran.log("waits"))
