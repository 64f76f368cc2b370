"""Answers about datastores."""

from __future__ import annotations

from sandbox.azure.datastores import errors
from sandbox.azure.datastores.models import BlobDatastore, Datastore, NoCredentials, SecretsRequest
from sandbox.azure.datastores.state import ARTIFACTS, DEFAULT
from sandbox.azure.machine_learning import not_found
from sandbox.azure.paging import page
from sandbox.azure.resources import Resource
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer

_SAS_HOURS = 1


def get_datastore(call: Call) -> Answer:
    return reply(_found(call).body)


def list_datastores(call: Call) -> Answer:
    found = call.azure.datastores.all(workspace_of(call))
    wanted = call.query.get("isdefault", "").lower()
    if wanted:
        found = [each for each in found if each.properties["isDefault"] == (wanted == "true")]
    return page(call, [each.body for each in found])


def put_datastore(call: Call) -> Answer:
    workspace, name = workspace_of(call), call.values["datastore"]
    if name.lower() in (DEFAULT, ARTIFACTS):
        raise errors.is_the_workspaces(name)
    asked: BlobDatastore = call.json(Datastore).properties
    known = call.azure.datastores.find(workspace, name)
    kind = asked.credentials.credentials_type
    secrets = {} if isinstance(asked.credentials, NoCredentials) else asked.credentials.secrets.json_form()
    properties = {**asked.json_form(), "credentials": {"credentialsType": kind}}
    made = call.azure.datastores.put(workspace, name, properties, secrets, call.caller_id)
    return reply(made.body, 200 if known else 201)


def delete_datastore(call: Call) -> Answer:
    found = _found(call)
    if found.name.lower() in (DEFAULT, ARTIFACTS):
        raise errors.is_the_workspaces(found.name)
    call.azure.datastores.delete(found)
    return reply()


def list_secrets(call: Call) -> Answer:
    """The account's key, or a SAS where one that expires is asked for and given."""
    found = _found(call)
    asked = call.json(SecretsRequest) if call.body else SecretsRequest()
    kind = found.properties["credentials"]["credentialsType"]
    if kind == "None":
        raise errors.no_secrets(found.name)
    kept = call.azure.datastores.secrets(found)
    account = found.properties["accountName"]
    if asked.expirable_secret and call.azure.datastores.expiring and kind == "AccountKey":
        hours = asked.expire_after_hours or _SAS_HOURS
        address = call.azure.storage.signed(account, found.properties["containerName"], "", "racwdl", hours * 3600)
        kept = {"secretsType": "Sas", "sasToken": address.partition("?")[2]}
    elif not kept:
        kept = {"secretsType": "AccountKey", "key": call.azure.storage.key(account)}
    return reply(kept)


def _found(call: Call) -> Resource:
    found = call.azure.datastores.find(workspace_of(call), call.values["datastore"])
    if found is None:
        raise not_found("Datastore", call.values["datastore"])
    return found
