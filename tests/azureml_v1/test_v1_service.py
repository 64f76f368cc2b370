"""What the platform asks of a workspace through the SDK v1: signed in by any connection; a sentence for a fault."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import Fault
from tests.azureml.cloud import Azure
from tests.azureml.test_sign_in import certificate

pytestmark = pytest.mark.xdist_group("azureml-v1 service")

PROGRAM = str(Path(__file__).with_name("asking.py"))
Said = Callable[..., str]


@pytest.fixture(scope="module")
def said(azure: Azure) -> Iterator[Said]:
    """Asks by an endpoint; what came of it. One process for all: importing the SDK takes seconds."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [str(azure.python), PROGRAM], stdin=pipe, stdout=pipe, env=azure.environment, cwd=azure.folder, text=True
    ) as process:
        to_it, from_it = process.stdin, process.stdout
        assert to_it
        assert from_it

        def say(endpoint: dict[str, Any], **more: Any) -> str:
            to_it.write(json.dumps({"endpoint": endpoint, **more}) + "\n")
            to_it.flush()
            return from_it.readline().strip()

        yield say
        to_it.close()


@pytest.fixture(scope="module")
def endpoint(azure: Azure) -> dict[str, Any]:
    application, secret = azure.principal()
    return azure.endpoint(application, serviceprincipalkey=secret)


def test_a_client_secret(said: Said, endpoint: dict[str, Any]) -> None:
    assert said(endpoint) == "0 jobs"


def test_a_certificate(azure: Azure, said: Said) -> None:
    application, _ = azure.principal()
    pem = certificate()
    azure.world.azure.directory.add_certificate(application, pem)

    by_it = azure.endpoint(application, authenticationType="spnCertificate", servicePrincipalCertificate=pem)

    assert said(by_it) == "0 jobs"


def test_a_federated_connection(azure: Azure, said: Said) -> None:
    by_it, federation = azure.federated()

    assert said(by_it, federation=federation) == "0 jobs"


def test_a_new_assertion_is_asked_for_each_time_a_token_has_run_out(
    azure: Azure, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_it, federation = azure.federated()
    monkeypatch.setattr(azure.world.azure.tokens, "life", 2)  # the client's own clock cannot be set
    before = azure.asked("POST", "/oidctoken")

    assert said(by_it, federation=federation, ask="tokens") == "3 tokens"

    assert azure.asked("POST", "/oidctoken") - before == 3


def test_a_wrong_secret(azure: Azure, said: Said) -> None:
    application, _ = azure.principal()

    sentence = said(azure.endpoint(application, serviceprincipalkey="wrong"))

    assert sentence == (
        "UserError: azureSubscription: signing in was refused: the secret of the service connection is wrong: "
        "renew it there (AADSTS7000215)."
    )


def test_a_principal_without_rights(azure: Azure, said: Said) -> None:
    application, secret = azure.principal(role="")

    sentence = said(azure.endpoint(application, serviceprincipalkey=secret))

    assert sentence.startswith("UserError: The workspace tests cannot be used: the service connection may not do that")


def test_a_workspace_that_is_not_there_is_answered_with_those_that_are(said: Said, endpoint: dict[str, Any]) -> None:
    assert said(endpoint, workspace="testz") == (
        "UserError: There is no workspace 'testz' in the resource group 'sandbox' (did you mean 'tests'?): "
        "there are 'tests'."
    )


def test_a_run_that_is_not_there(said: Said, endpoint: dict[str, Any]) -> None:
    """Requirement 0.8."""
    assert said(endpoint, ask="nowhere") == "None"


def test_metrics_are_those_of_the_run_and_of_its_children(said: Said, endpoint: dict[str, Any]) -> None:
    assert json.loads(said(endpoint, ask="metrics")) == {"r2": 0.5, "fold.r2": 0.125}


@pytest.mark.long
def test_a_service_that_fails_for_good_is_asked_for_a_bounded_time(
    azure: Azure, said: Said, endpoint: dict[str, Any]
) -> None:
    """Sixteen requests by the SDK, which are asked for four times: a minute and a half instead of ten."""
    azure.world.faults.add(Fault.model_validate({"method": "GET", "path": "*/runs/no-such-run", "status": 503}))
    before = azure.asked("GET", "/runs/no-such-run")

    sentence = said(endpoint, ask="nowhere")

    azure.world.faults.clear()
    assert sentence.startswith("ServiceError: The job no-such-run could not be looked for: ")
    assert azure.asked("GET", "/runs/no-such-run") - before == 64
