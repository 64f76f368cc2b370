"""Deployment jobs and the approvals of their environments."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
import requests

from sandbox.agent.agent import Agent
from sandbox.agent.errors import PipelineError
from tests.sandbox.agent.pipelines import Pipelines

PIPELINE = """
    stages:
      - stage: Build
        jobs:
          - job: make
            steps:
              - script: echo made > made.txt
              - publish: made.txt
                artifact: thing
      - stage: Prod
        jobs:
          - deployment: serve
            environment: prod
            strategy:
              runOnce:
                deploy:
                  steps:
                    - bash: |
                        cat "$(Pipeline.Workspace)/thing/made.txt"
                        echo "environment $(Environment.Name), sources: $(ls "$(Build.SourcesDirectory)" | wc -l)"
                        echo "##vso[task.setvariable variable=address;isoutput=true]http://prod"
                      name: out
                      displayName: deploy
      - stage: After
        variables:
          address: $[ stageDependencies.Prod.serve.outputs['serve.out.address'] ]
        jobs:
          - job: look
            steps:
              - checkout: none
              - script: echo "it is at $(address)"
                displayName: see the address
"""


def test_a_deployment_job_gets_the_artifacts_and_no_sources(pipelines: Pipelines) -> None:
    ran = pipelines.run(PIPELINE, approvals={"prod": "approve"})

    assert ran.result.result == "succeeded"
    assert {"made", "environment prod, sources: 0"} <= set(ran.log("deploy"))
    assert "it is at http://prod" in ran.log("see the address")
    assert ran.result.record("Approval of prod").result == "succeeded"


def test_without_the_check_nobody_is_asked(pipelines: Pipelines) -> None:
    ran = pipelines.run(PIPELINE)

    assert ran.result.result == "succeeded"
    assert not any(record.type.startswith("Checkpoint") for record in ran.result.records)


def test_a_rejected_stage_does_not_run(pipelines: Pipelines) -> None:
    ran = pipelines.run(PIPELINE, approvals={"prod": "reject"})

    assert ran.result.result == "failed"
    assert ran.result.record("Prod").result == "failed"
    assert ran.result.record("After").result == "skipped"
    assert "deploy" not in ran.verdicts


def test_a_person_approves_on_the_page(pipelines: Pipelines) -> None:
    answers: list[int] = []

    def approve() -> None:
        page, approval = _asked(pipelines)
        foreign = requests.post(f"{page}/approvals/{approval}/approved", headers={"Origin": "http://evil"}, timeout=9)
        own = {"Origin": pipelines.server.base_url}
        known = requests.post(f"{page}/approvals/{approval}/approved", headers=own, allow_redirects=False, timeout=9)
        again = requests.post(f"{page}/approvals/{approval}/rejected", headers=own, timeout=9)
        answers.extend([foreign.status_code, known.status_code, again.status_code])

    person = threading.Thread(target=approve)
    ran = pipelines.run(PIPELINE, approvals={"prod": "ask"}, after_start=lambda agent: person.start())
    person.join()

    assert ran.result.result == "succeeded"
    assert answers == [403, 303, 400]


def test_a_run_can_be_canceled_while_it_waits_for_a_person(pipelines: Pipelines) -> None:
    def cancel(agent: Agent) -> None:
        _asked(pipelines)
        agent.cancel()

    ran = pipelines.run(
        PIPELINE,
        approvals={"prod": "ask"},
        after_start=lambda agent: threading.Thread(target=cancel, args=[agent]).start(),
    )

    assert ran.result.result == "canceled"
    assert ran.result.record("Approval of prod").result == "canceled"


def test_approvals_are_told_and_decided_by_rest(pipelines: Pipelines) -> None:
    world, server = pipelines.world, pipelines.server
    build = world.builds.create("rest", source_branch="refs/heads/main", source_version="0" * 40, repository="r")
    approval = world.approvals.ask(build.id, "record", "prod", "Sandbox User")
    address = f"{server.collection_url}{world.project.name}/_apis/pipelines/approvals"
    session = requests.Session()
    session.auth = ("", world.tokens.issue("tests", 60))
    query = {"api-version": "7.1"}

    pending = session.get(address, params={**query, "approvalIds": approval.id, "state": "pending"}, timeout=9).json()
    body = [{"approvalId": approval.id, "status": "approved", "comment": "looks good"}]
    approved = session.patch(address, json=body, params=query, timeout=9).json()
    one = session.get(f"{address}/{approval.id}", params=query, timeout=9).json()
    unknown = session.get(f"{address}/none", params=query, timeout=9)

    assert [each["status"] for each in pending["value"]] == ["pending"]
    assert [each["status"] for each in approved["value"]] == ["approved"]
    assert one["steps"][0]["comment"] == "looks good"
    assert (unknown.status_code, unknown.json()["typeKey"]) == (404, "PipelineApprovalNotFoundException")


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ("canary: {increments: [10]}", "'runOnce' is missing"),
        ("runOnce: {deploy: {steps: []}, on: {failure: {steps: []}}}", "'on' of a deployment's strategy"),
        ("runOnce: {preDeploy: {steps: []}}", "'deploy' is missing"),
    ],
)
def test_what_is_not_played_is_refused_by_name(
    pipelines: Pipelines, tmp_path: Path, strategy: str, message: str
) -> None:
    with pytest.raises(PipelineError, match=message):
        pipelines.run(f"jobs:\n- deployment: serve\n  environment: prod\n  strategy: {{{strategy}}}\n")


def _asked(pipelines: Pipelines) -> tuple[str, str]:
    """The page of the run and its approval, once it waits for a person."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        asked = [each for each in pipelines.world.approvals.all() if each.status == "pending"]
        if asked:
            return f"{pipelines.server.base_url}/builds/{asked[-1].build_id}", asked[-1].id
        time.sleep(0.02)
    raise AssertionError("nobody was asked")
