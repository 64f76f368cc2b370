"""Requests that fail while runs are submitted, watched and collected through the SDK v1: nothing is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.azureml.cloud import Azure, open_azure
from tests.azureml.exchanges import FAULTS, Request
from tests.azureml.steps import repository
from tests.azureml_v1.steps import run

# In the order in which a step makes them; the first of each kind fails.
REQUESTS = (
    Request("subscriptions", "GET", "/subscriptions"),
    Request("workspace", "GET", "*/workspaces/tests"),
    Request("services", "GET", "/discovery"),
    Request("computes", "GET", "/rp/*/computes"),
    Request("whether a run is there", "GET", "*/runs/nb-*"),
    Request("experiment", "GET", "/history/*/experiments/*"),
    Request("new experiment", "POST", "/history/*/experiments/*"),
    Request("compute", "GET", "/rp/*/computes/cpu"),
    Request("latest snapshot", "GET", "*/snapshots/latest/metadata"),
    Request("places for the code", "POST", "*/snapshots/getblob"),
    Request("code", "PUT", "/azureml/*"),
    Request("run", "POST", "*/snapshotrun"),
    Request("its tags", "PATCH", "*/runs/nb-*"),
    Request("details", "GET", "*/details"),
    Request("logs there are", "GET", "*/prefix/contentinfo/*"),
    Request("log", "GET", "/azureml/*std_log*"),
    Request("result", "GET", "/azureml/*notebook*"),
    Request("children", "POST", "*/runs:query"),
    Request("metrics", "POST", "/metric/*"),
)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("fault", ["429", "500", "500 after", "reset", "reset after"])
def test_every_kind_of_request_fails_once_and_nothing_changes(
    tmp_path: Path, azureml_v1_python: Path, fault: str
) -> None:
    """Before the request is carried out, or after: with the answer lost."""
    with open_azure(tmp_path, azureml_v1_python) as azure:
        azure.environment["HOME"] = str(tmp_path)
        azure.world.faults.add(*(kind.fault(FAULTS[fault]) for kind in REQUESTS))

        ended = run(azure, repository(tmp_path / "repo", {"ok": ["print(1)"], "bad": ["1 / 0"]}), tmp_path / "out")

        assert ended.report, ended.log
        assert ended.outcomes == {"ok": "passed", "bad": "failed"}, ended.log
        assert len(azure.jobs()) == 2
        assert spared(azure) == []


def spared(azure: Azure) -> list[str]:
    """Those that met no fault."""
    hit = [each for each in azure.world.journal.exchanges if each.fault]
    return [str(kind) for kind in REQUESTS if not any(map(kind.is_kind_of, hit))]
