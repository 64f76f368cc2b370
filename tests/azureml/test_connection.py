"""From a service connection: the workspace, the cloud and who acts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from amltasks.errors import UserError
from amltasks.platforms.azureml.connection import Scheme, ServiceConnection, chosen_workspace
from amltasks.platforms.azureml.request import AzureRequest

PARAMETERS = {"tenantid": "t", "serviceprincipalid": "app", "serviceprincipalkey": "key"}
SCOPED = {"scopeLevel": "AzureMLWorkspace", "resourceGroupName": "group", "mlWorkspaceName": "ws"}


def connection(
    scheme: str = "ServicePrincipal",
    url: str = "",
    parameters: Mapping[str, str] = PARAMETERS,
    data: Mapping[str, str] = {},
    **more: str,
) -> ServiceConnection:
    return ServiceConnection.from_agent("id", url, scheme, parameters, {"subscriptionId": "sub", **data, **more})


@pytest.mark.parametrize(
    ("scheme", "parameters", "expected"),
    [
        ("", PARAMETERS, Scheme.SECRET),  # connections of old name none
        ("ServicePrincipal", PARAMETERS, Scheme.SECRET),
        (
            "serviceprincipal",
            {**PARAMETERS, "authenticationType": "spnCertificate", "servicePrincipalCertificate": "PEM"},
            Scheme.CERTIFICATE,
        ),
        ("WorkloadIdentityFederation", PARAMETERS, Scheme.FEDERATED),
        ("ManagedServiceIdentity", {"tenantid": "t"}, Scheme.MANAGED),
    ],
)
def test_every_kind_is_known(scheme: str, parameters: dict[str, str], expected: Scheme) -> None:
    assert connection(scheme, parameters=parameters).scheme is expected


def test_a_user_assigned_identity_is_named_by_the_connection() -> None:
    assert connection("ManagedServiceIdentity", parameters={"tenantid": "t"}, msiclientId="own").client_id == "own"


@pytest.mark.parametrize(
    ("name", "authority", "resource_manager"),
    [
        ("AzureCloud", "https://login.microsoftonline.com/", "https://management.azure.com/"),
        ("AzureUSGovernment", "https://login.microsoftonline.us/", "https://management.usgovcloudapi.net/"),
        ("AzureChinaCloud", "https://login.chinacloudapi.cn/", "https://management.chinacloudapi.cn/"),
    ],
)
def test_sovereign_clouds(name: str, authority: str, resource_manager: str) -> None:
    cloud = connection(environment=name).cloud

    assert (cloud.name, cloud.authority, cloud.resource_manager) == (name, authority, resource_manager)


def test_the_connection_s_own_addresses_count() -> None:
    found = connection(
        url="https://management.example", environment="AzureCloud", activeDirectoryAuthority="https://in"
    )

    assert (found.cloud.authority, found.cloud.resource_manager) == ("https://in/", "https://management.example/")


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (lambda: connection("PublishProfile"), "a service connection with 'PublishProfile' cannot sign in"),
        (lambda: connection(environment="AzureStack"), "not known in the cloud 'AzureStack'"),
        (lambda: connection(subscriptionId=""), "names no subscription"),
        (lambda: connection(parameters={"serviceprincipalid": "a", "serviceprincipalkey": "k"}), "names no tenant"),
        (lambda: connection(parameters={"tenantid": "t", "serviceprincipalid": "a"}), "names no secret"),
    ],
)
def test_what_cannot_be_used_is_refused(made: Any, sentence: str) -> None:
    with pytest.raises(UserError) as refused:
        made()

    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, ("group", "ws")),
        ({"workspace": "other"}, ("group", "other")),
        ({"resource_group": "mine", "workspace": "other"}, ("mine", "other")),
    ],
)
def test_the_step_s_workspace_counts_and_else_the_connection_s(said: dict[str, str], expected: tuple[str, str]) -> None:
    place = chosen_workspace(connection(data=SCOPED), AzureRequest.model_validate(said))

    assert (place.subscription, place.resource_group, place.name) == ("sub", *expected)


@pytest.mark.parametrize(
    ("made", "said", "missing"),
    [
        ({}, {}, "resourceGroup"),
        ({}, {"resource_group": "mine"}, "workspace"),
        (SCOPED, {"resource_group": "mine"}, "workspace"),  # the connection's is in another group
    ],
)
def test_a_workspace_that_nobody_names(made: dict[str, str], said: dict[str, str], missing: str) -> None:
    with pytest.raises(UserError, match=f"^{missing}: say it in the step"):
        chosen_workspace(connection(data=made), AzureRequest.model_validate(said))


def test_secrets_do_not_show() -> None:
    assert "key" not in repr(connection()).replace("key=", "")
