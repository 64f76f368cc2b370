"""Requests that fail while jobs are submitted, watched and collected: the report is the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.azureml.cloud import Azure, open_azure
from tests.azureml.equal import without_varying
from tests.azureml.exchanges import FAULTS, REQUESTS, Request
from tests.azureml.steps import Cells, Ended, repository, wait_for

NOTEBOOKS = ("ok", "bad")
PORTIONS = 5  # of the requests that fail in one run: so far apart that what repeats them is not exhausted


def collected(azure: Azure, folder: Path) -> tuple[Ended, Any]:
    """The step, by a federated connection, and what its report says but for times and places."""
    connection, job_access = azure.federated()
    azure.connections.append(connection)
    go = folder / "go"
    # Until its log was asked for, which nobody would have to once it has ended.
    waits = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.1)"
    notebooks: dict[str, Cells] = dict(zip(NOTEBOOKS, ([waits, "print(1)"], ["1 / 0"]), strict=True))
    job = azure.job(repository(folder / "repo", notebooks), {"outputFolder": str(folder / "out")})
    job["inputs"]["cancelSuperseded"] = "true"
    job["variables"]["System.OidcRequestUri"] = job_access["request_uri"]
    job["connection"] = {"url": azure.server.collection_url, "token": job_access["token"]}
    process = azure.start(job)
    wait_for(lambda: azure.asked("GET", "/user_logs/std_log.txt") > 0 or process.poll() is not None)
    go.touch()
    ended = Ended(process, folder / "out" / "results.json")
    assert ended.report, ended.log
    return ended, without_varying(ended.report["results"])


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory, azureml_python: Path) -> Iterator[tuple[Azure, Any]]:
    """A run without faults."""
    folder = tmp_path_factory.mktemp("clean")
    with open_azure(folder, azureml_python) as azure:
        yield azure, collected(azure, folder)[1]


@pytest.mark.xdist_group("azureml-faults")
def test_no_kind_of_request_is_left_out(clean: tuple[Azure, Any]) -> None:
    exchanges = clean[0].world.journal.exchanges

    assert [each for each in exchanges if not any(kind.is_kind_of(each) for kind in REQUESTS)] == []
    assert [str(kind) for kind in REQUESTS if not any(map(kind.is_kind_of, exchanges))] == []


@pytest.mark.xdist_group("azureml-faults")
def test_every_request_is_throttled_once(clean: tuple[Azure, Any], azure: Azure, tmp_path: Path) -> None:
    """But two of the code's, each of which has all of it sent again."""
    kinds = [kind for kind in REQUESTS if kind.name not in ("whether the blobs are there", "what confirms the blobs")]
    soon = {"status": 429, "headers": {"Retry-After": "1", "x-ms-retry-after-ms": "20"}}
    azure.world.faults.add(*(kind.fault(soon) for kind in kinds))

    ended, said = collected(azure, tmp_path)

    assert said == clean[1], ended.log
    assert spared(azure, kinds) == []
    assert len(azure.jobs()) == len(NOTEBOOKS)


@pytest.mark.long
@pytest.mark.parametrize("portion", range(PORTIONS))
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_fails_once_changes_nothing(
    clean: tuple[Azure, Any], azure: Azure, tmp_path: Path, fault: str, portion: int
) -> None:
    """Before the request is carried out, or after: with the answer lost."""
    kinds = REQUESTS[portion::PORTIONS]
    azure.world.faults.add(*(kind.fault(FAULTS[fault]) for kind in kinds))

    ended, said = collected(azure, tmp_path)

    assert said == clean[1], ended.log
    assert spared(azure, kinds) == []
    assert len(azure.jobs()) == len(NOTEBOOKS)


def spared(azure: Azure, kinds: Sequence[Request]) -> list[str]:
    """Those that met no fault."""
    hit = [each for each in azure.world.journal.exchanges if each.fault]
    return [str(kind) for kind in kinds if not any(map(kind.is_kind_of, hit))]
