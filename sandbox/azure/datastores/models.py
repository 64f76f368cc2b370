"""What clients send about datastores."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sandbox.wire import Flag, Integer, Text, Wire, one_of


class KeySecrets(Wire):
    secrets_type: Literal["AccountKey"]
    key: Text


class KeyCredentials(Wire):
    credentials_type: Literal["AccountKey"]
    secrets: KeySecrets


class SasSecrets(Wire):
    secrets_type: Literal["Sas"]
    sas_token: Text


class SasCredentials(Wire):
    credentials_type: Literal["Sas"]
    secrets: SasSecrets


class NoCredentials(Wire):
    credentials_type: Literal["None"]


Credentials = Annotated[KeyCredentials | SasCredentials | NoCredentials, Field(discriminator="credentials_type")]


class BlobDatastore(Wire):
    datastore_type: Literal["AzureBlob"]
    account_name: Text
    container_name: Text
    credentials: Credentials
    description: Text | None = None
    endpoint: Text = "core.windows.net"
    protocol: Text = "https"
    properties: dict[str, str] = {}
    tags: dict[str, str] = {}
    resource_group: Text | None = None
    subscription_id: Text | None = None
    service_data_access_auth_identity: Annotated[
        str, one_of("None", "WorkspaceSystemAssignedIdentity", "WorkspaceUserAssignedIdentity")
    ] = "None"


class Datastore(Wire):
    properties: BlobDatastore


class SecretsRequest(Wire):
    expirable_secret: bool = False
    expire_after_hours: int | None = None


class AzureStorage(Wire):
    """Of the SDK v1: where the files are and the secret for them, all in one."""

    account_name: Text
    container_name: Text
    endpoint: Text = "core.windows.net"
    protocol: Text = "https"
    credential_type: Annotated[str, one_of("None", "Sas", "AccountKey")] = "None"
    credential: Text | None = None
    blob_cache_timeout: Integer | None = None
    are_workspace_managed_identities_allowed: Flag = False
    subscription_id: Text | None = None
    resource_group: Text | None = None
    service_data_access_auth_identity: Annotated[
        str, one_of("None", "WorkspaceSystemAssignedIdentity", "WorkspaceUserAssignedIdentity")
    ] = "None"


class DataStore(Wire):
    """Of the SDK v1."""

    name: Text
    data_store_type: Text
    azure_storage_section: AzureStorage | None = None
