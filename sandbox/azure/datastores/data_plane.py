"""The same datastores in the data plane, in the form of the SDK v1: with their secrets, for who may read them."""

from __future__ import annotations

from typing import Any

from sandbox.azure.datastores import errors
from sandbox.azure.datastores.models import AzureStorage, DataStore
from sandbox.azure.datastores.state import ARTIFACTS, DEFAULT
from sandbox.azure.resources import Resource
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.azure.workspaces.state import TYPE
from sandbox.wire import Answer

LIST_SECRETS = f"{TYPE}/datastores/listsecrets/action"
PAGE = 100


def get_datastore(call: Call) -> Answer:
    return reply(_body(call, _found(call)))


def get_default(call: Call) -> Answer:
    return reply(_body(call, call.azure.datastores.default(workspace_of(call))))


def list_datastores(call: Call) -> Answer:
    """A page of them, with their secrets where they are asked for."""
    found = call.azure.datastores.all(workspace_of(call))
    names = [name.lower() for name in call.query.get("datastorenames", "").split(",") if name]
    if names:
        found = [each for each in found if each.name.lower() in names]
    begin, size = call.number("continuationToken", 1) - 1, call.number("count", PAGE)
    more = str(begin + size + 1) if begin + size < len(found) else None
    hidden: dict[str, str] | None = {} if call.query.get("includesecret", "").lower() != "true" else None
    bodies = [_body(call, each, hidden) for each in found[begin : begin + size]]
    return reply({"value": bodies, "continuationToken": more})


def create_datastore(call: Call) -> Answer:
    """Names are kept in small letters. 200 and nothing else: the SDK takes no other answer."""
    asked: DataStore = call.json(DataStore)
    if call.azure.datastores.find(workspace_of(call), asked.name):
        raise errors.exists(asked.name)
    return _put(call, asked.name.lower(), asked)


def update_datastore(call: Call) -> Answer:
    found = _found(call)
    if found.name.lower() in (DEFAULT, ARTIFACTS):
        raise errors.is_the_workspaces(found.name)
    return _put(call, found.name, call.json(DataStore))


def delete_datastore(call: Call) -> Answer:
    found = _found(call)
    if found.name.lower() in (DEFAULT, ARTIFACTS):
        raise errors.is_the_workspaces(found.name)
    call.azure.datastores.delete(found)
    return reply()


def set_default(call: Call) -> Answer:
    call.azure.datastores.set_default(workspace_of(call), _found(call))
    return reply()


def _put(call: Call, name: str, asked: DataStore) -> Answer:
    section = asked.azure_storage_section
    if asked.data_store_type != "AzureBlob" or section is None:
        raise errors.not_played(asked.data_store_type)
    kind, secret = section.credential_type, section.credential or ""
    secrets: dict[str, Any] = {}
    if kind == "AccountKey":
        secrets = {"secretsType": kind, "key": secret}
    elif kind == "Sas":
        secrets = {"secretsType": kind, "sasToken": secret}
    if call.query.get("skipvalidation", "").lower() != "true":
        _check(call, section)
    if call.query.get("createifnotexists", "").lower() == "true":
        call.azure.storage.create_container(section.account_name, section.container_name)
    properties = {
        "datastoreType": "AzureBlob",
        "accountName": section.account_name,
        "containerName": section.container_name,
        "endpoint": section.endpoint,
        "protocol": section.protocol,
        "credentials": {"credentialsType": kind},
        "serviceDataAccessAuthIdentity": section.service_data_access_auth_identity,
        "properties": {},
        "tags": {},
    }
    for member, text in (("subscriptionId", section.subscription_id), ("resourceGroup", section.resource_group)):
        if text:
            properties[member] = text
    call.azure.datastores.put(workspace_of(call), name, properties, secrets, call.caller_id)
    return reply()


def _check(call: Call, section: AzureStorage) -> None:
    """That there is such an account, and that the key is its key."""
    account = call.azure.storage.account(section.account_name)
    if account is None:
        raise errors.unknown_account(section.account_name)
    if section.credential_type == "AccountKey" and section.credential != account.key:
        raise errors.wrong_key(section.account_name)


def _body(call: Call, datastore: Resource, secrets: dict[str, str] | None = None) -> dict[str, Any]:
    """secrets: in place of its own, which only those see who may list them."""
    told = datastore.properties
    kind = told["credentials"]["credentialsType"]
    if secrets is None:
        may = call.azure.roles.allow(call.caller_id, LIST_SECRETS, datastore.id)
        secrets = _secrets(call, datastore, kind) if may else {}
    return {
        "name": datastore.name,
        "dataStoreType": told["datastoreType"],
        "hasBeenValidated": True,
        "tags": told.get("tags") or {},
        "azureStorageSection": {
            "accountName": told["accountName"],
            "containerName": told["containerName"],
            "endpoint": told["endpoint"],
            "protocol": told["protocol"],
            "credentialType": kind,
            "isSas": kind == "Sas",
            "areWorkspaceManagedIdentitiesAllowed": told["serviceDataAccessAuthIdentity"] != "None",
            "subscriptionId": told.get("subscriptionId"),
            "resourceGroup": told.get("resourceGroup"),
            "serviceDataAccessAuthIdentity": told["serviceDataAccessAuthIdentity"],
            **secrets,
        },
    }


def _secrets(call: Call, datastore: Resource, kind: str) -> dict[str, str]:
    kept = call.azure.datastores.secrets(datastore)
    if kind == "AccountKey":
        key = kept.get("key") or call.azure.storage.key(datastore.properties["accountName"])
        return {"credential": key, "accountKey": key}
    if kind == "Sas":
        return {"credential": kept["sasToken"], "sasToken": kept["sasToken"]}
    return {}


def _found(call: Call) -> Resource:
    found = call.azure.datastores.find(workspace_of(call), call.values["datastore"])
    if found is None:
        raise errors.unknown(call.values["datastore"])
    return found
