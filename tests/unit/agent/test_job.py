"""The job that the launcher hands over on standard input."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from amltasks.agent.job import Job, read_job
from amltasks.errors import UserError

MESSAGE: dict[str, Any] = {
    "task": {"name": "RunNotebookOnAML", "version": "1.0.0"},
    "inputs": {"notebooks": "a.ipynb\n!b.ipynb", "cellTimeout": ""},
    "variables": {
        "Agent.TempDirectory": "/agent/_temp",
        "Build.SourcesDirectory": "/agent/1/s",
        "System.CollectionUri": "https://dev.azure.com/org",
        "System.Debug": "True",
    },
    "secrets": {"apiKey": "k3y-value", "empty": ""},
    "connection": {"url": "https://dev.azure.com/org/", "token": "t0ken"},
    "endpoints": {
        "azureSubscription": {
            "id": "guid",
            "url": "https://management.azure.com/",
            "scheme": "ServicePrincipal",
            "parameters": {"serviceprincipalkey": "pr1ncipal", "TenantId": "tenant", "authenticationType": "spnKey"},
            "data": {"subscriptionName": "dev"},
        }
    },
}


def job(**changes: Any) -> Job:
    return read_job(io.BytesIO(json.dumps({**MESSAGE, **changes}).encode()))


def test_a_job_is_read_as_the_launcher_writes_it() -> None:
    read = job()

    assert read.task.name == "RunNotebookOnAML"
    assert read.inputs["notebooks"] == "a.ipynb\n!b.ipynb"
    assert read.endpoints["azureSubscription"].data == {"subscriptionName": "dev"}
    assert read.collection_url == "https://dev.azure.com/org/"
    assert read.temp_folder == Path("/agent/_temp")
    assert read.sources_folder == Path("/agent/1/s")
    assert read.debug


def test_variables_are_found_in_any_case() -> None:
    """Servers and agents write their names in different ones."""
    assert job().variable("BUILD.sourcesDirectory") == "/agent/1/s"
    assert job().variable("Not.There", "x") == "x"


def test_everything_secret_is_known_by_name() -> None:
    """Secret variables, the job's token, and what a service connection keeps secret; not its tenant."""
    assert job().secrets() == {
        "apiKey": "k3y-value",
        "System.AccessToken": "t0ken",
        "azureSubscription.serviceprincipalkey": "pr1ncipal",
    }


def test_a_job_printed_shows_no_secret() -> None:
    """It may stand in a traceback or a debugger's log."""
    shown = repr(job()) + str(job())

    assert not [value for value in job().secrets().values() if value in shown]


def test_a_job_without_connection_is_a_job() -> None:
    assert job(connection=None, endpoints={}, secrets={}).secrets() == {}


@pytest.mark.parametrize("content", [b"", b" \n"])
def test_nothing_on_standard_input_says_how_to_run_elsewhere(content: bytes) -> None:
    with pytest.raises(UserError, match="run-notebook"):
        read_job(io.BytesIO(content))


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"{", "JSON"),
        (b"[]", "JSON"),
        (json.dumps({**MESSAGE, "secrets": {"a": ["s3cr3t"]}}).encode(), "secrets.a"),
        (json.dumps({**MESSAGE, "more": "s3cr3t"}).encode(), "more"),
    ],
)
def test_another_form_is_refused_by_place_without_its_values(content: bytes, where: str) -> None:
    with pytest.raises(UserError) as refused:
        read_job(io.BytesIO(content))

    assert where in str(refused.value)
    assert "s3cr3t" not in str(refused.value)


def test_outside_an_agent_a_folder_is_asked_for_in_vain() -> None:
    with pytest.raises(UserError, match=r"Agent\.TempDirectory"):
        job(variables={}).temp_folder  # noqa: B018
