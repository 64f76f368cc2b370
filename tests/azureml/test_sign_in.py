"""A service connection signs in, whatever its kind; what is wrong with it is one sentence."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.azureml.cloud import GROUP, WORKSPACE, Azure, open_azure

pytestmark = pytest.mark.xdist_group("azureml sign-in")

PROGRAM = str(Path(__file__).with_name("sign_in.py"))


Said = Callable[..., str]


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory, azureml_python: Path) -> Iterator[Azure]:
    with open_azure(tmp_path_factory.mktemp("azure"), azureml_python) as opened:
        yield opened


@pytest.fixture(scope="module")
def said(azure: Azure) -> Iterator[Said]:
    """Signs in by an endpoint; what came of it. One process for all: importing the SDK takes seconds."""
    with talking(azure) as say:
        yield lambda endpoint, **more: say({"endpoint": endpoint, **more})


@contextmanager
def talking(azure: Azure) -> Iterator[Callable[[dict[str, Any]], str]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [str(azure.python), PROGRAM], stdin=pipe, stdout=pipe, env=azure.environment, cwd=azure.folder, text=True
    ) as process:
        to_it, from_it = process.stdin, process.stdout
        assert to_it
        assert from_it

        def say(line: dict[str, Any]) -> str:
            to_it.write(json.dumps(line) + "\n")
            to_it.flush()
            return from_it.readline().strip()

        yield say
        to_it.close()


def test_a_client_secret(azure: Azure, said: Said) -> None:
    uri = said(by_secret(azure))

    assert uri.startswith("azureml://")
    assert uri.endswith(f"/workspaces/{WORKSPACE}")


def test_a_certificate(azure: Azure, said: Said) -> None:
    assert said(by_certificate(azure)).startswith("azureml://")


def test_a_federated_connection(azure: Azure, said: Said) -> None:
    endpoint, federation = azure.federated()

    assert said(endpoint, federation=federation).startswith("azureml://")


def test_in_three_hours_tokens_run_out_and_each_new_one_has_a_new_assertion(
    tmp_path: Path, azureml_python: Path
) -> None:
    """Tokens live an hour, assertions ten minutes; the clocks of the services and of the client go forward together."""
    with open_azure(tmp_path, azureml_python) as azure, talking(azure) as say:

        def an_hour_later() -> str:
            azure.world.clock.advance(3600)
            return say({"later": 3600})

        endpoint, federation = azure.federated()
        answers = [say({"endpoint": endpoint, "federation": federation}), *(an_hour_later() for _ in range(3))]

        assert all(answer.startswith("azureml://") for answer in answers), answers
        assert (asked(azure, "/oidctoken"), asked(azure, "/oauth2/v2.0/token")) == (4, 4)
        for endpoint in (by_secret(azure), by_certificate(azure), by_managed_identity(azure)):
            answers = [say({"endpoint": endpoint}), an_hour_later()]
            assert all(answer.startswith("azureml://") for answer in answers), answers


def test_a_federation_that_entra_id_does_not_know(azure: Azure, said: Said) -> None:
    endpoint, federation = azure.federated(trusted=False)

    sentence = said(endpoint, federation=federation)

    assert sentence.startswith("UserError: azureSubscription: signing in was refused: the application trusts no such")


def test_a_job_s_token_that_has_run_out(azure: Azure, said: Said) -> None:
    endpoint, federation = azure.federated()

    sentence = said(endpoint, federation={**federation, "token": "expired"})

    assert (
        "Azure DevOps gave no token for the service connection: HTTP 203. The job's own token has run out" in sentence
    )


def test_a_managed_identity(azure: Azure, said: Said) -> None:
    assert said(by_managed_identity(azure)).startswith("azureml://")


@pytest.mark.parametrize(
    ("cloud", "resource_manager"),
    [
        ("AzureUSGovernment", "https://management.usgovcloudapi.net/"),
        ("AzureChinaCloud", "https://management.chinacloudapi.cn/"),
    ],
)
def test_a_sovereign_cloud_is_asked_at_its_own_addresses(
    azure: Azure, said: Said, cloud: str, resource_manager: str
) -> None:
    application, secret = azure.principal()
    endpoint = azure.endpoint(application, serviceprincipalkey=secret)
    endpoint["url"] = resource_manager
    endpoint["data"]["environment"] = cloud

    assert said(endpoint).startswith("azureml://")
    assert asked(azure, resource_manager)


def test_a_certificate_that_is_none(azure: Azure, said: Said) -> None:
    application, _ = azure.principal()
    pem = "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"

    endpoint = azure.endpoint(application, authenticationType="spnCertificate", servicePrincipalCertificate=pem)

    assert said(endpoint).startswith(
        "UserError: azureSubscription: the certificate of the service connection cannot be used: "
    )


def test_a_wrong_secret(azure: Azure, said: Said) -> None:
    application, _ = azure.principal()

    sentence = said(azure.endpoint(application, serviceprincipalkey="wrong-secret-value"))

    assert sentence == (
        "UserError: azureSubscription: signing in was refused: the secret of the service connection is wrong: "
        "renew it there (AADSTS7000215)."
    )


def test_an_application_without_rights(azure: Azure, said: Said) -> None:
    application, secret = azure.principal(role="")

    sentence = said(azure.endpoint(application, serviceprincipalkey=secret))

    assert "the service connection may not do that: it needs the right" in sentence
    assert "Microsoft.MachineLearningServices/workspaces/read" in sentence


def test_a_workspace_that_is_not_there_is_answered_with_those_that_are(azure: Azure, said: Said) -> None:
    application, secret = azure.principal()

    sentence = said(azure.endpoint(application, serviceprincipalkey=secret), workspace="test")

    assert f"There is no workspace 'test' in the resource group '{GROUP}'" in sentence
    assert f"did you mean '{WORKSPACE}'?" in sentence


def by_secret(azure: Azure) -> dict[str, Any]:
    application, secret = azure.principal()
    return azure.endpoint(application, serviceprincipalkey=secret)


def by_certificate(azure: Azure) -> dict[str, Any]:
    application, _ = azure.principal()
    pem = certificate()
    azure.world.azure.directory.add_certificate(application, pem)
    return azure.endpoint(application, authenticationType="spnCertificate", servicePrincipalCertificate=pem)


def by_managed_identity(azure: Azure) -> dict[str, Any]:
    application, _ = azure.principal()
    azure.world.azure.directory.assign_to_machine(application)
    return azure.endpoint(application, "ManagedServiceIdentity")


def asked(azure: Azure, path: str) -> int:
    """How many requests were made to a path."""
    return sum(path in exchange.url for exchange in azure.world.journal.exchanges)


def certificate() -> str:
    """A certificate with its private key, as a service connection holds it."""
    import trustme

    authority = trustme.CA()
    issued = authority.issue_cert("builds.example", key_type=trustme.KeyType.RSA)
    return issued.private_key_and_cert_chain_pem.bytes().decode()
