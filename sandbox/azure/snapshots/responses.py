"""Answers about snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from sandbox.azure.snapshots import errors
from sandbox.azure.snapshots.models import FileNames, NewSnapshot, Node
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer


def get_latest(call: Call) -> Answer:
    """None: clients keep what they sent last themselves."""
    workspace_of(call)
    return reply({"id": None, "root": {}})


def get_uploads(call: Call) -> Answer:
    """Addresses to write files to."""
    workspace = workspace_of(call)
    asked: FileNames = call.json(FileNames)
    for path in asked.file_names:
        _check(path)
    addresses = call.azure.snapshots.to_upload(workspace, list(asked.file_names))
    return reply({"fileNodes": [{"fullName": path, "blobUri": address} for path, address in addresses.items()]})


def create_snapshot(call: Call) -> Answer:
    """Of the files in the tree; what was not uploaded is the parent's."""
    workspace, name = workspace_of(call), call.values["snapshot"]
    asked: NewSnapshot = call.json(NewSnapshot)
    snapshots, parent = call.azure.snapshots, asked.parent_snapshot_id
    if snapshots.find(workspace, name):
        raise errors.exists(name)
    if parent and snapshots.find(workspace, parent) is None:
        raise errors.no_parent(parent)
    known = snapshots.files(workspace, parent) if parent else {}
    for revision in asked.file_revision_list.file_nodes:
        blob = snapshots.uploaded(workspace, revision.blob_uri)
        if blob is None:
            raise errors.not_uploaded(revision.full_name)
        known[revision.full_name] = unquote(blob)
    paths = list(_files(asked.dir_tree_node))
    missing = [path for path in paths if path not in known] or snapshots.create(
        workspace, name, {path: known[path] for path in paths}, asked.properties, call.caller_id
    )
    if missing:
        raise errors.not_uploaded(missing[0])
    return reply()


def pack_snapshot(call: Call) -> Answer:
    workspace, name = workspace_of(call), call.values["snapshot"]
    if call.azure.snapshots.find(workspace, name) is None:
        raise errors.not_found(name)
    return reply({"zipSasUri": call.azure.snapshots.packed(workspace, name)})


def _files(node: Node, folder: str = "") -> Iterator[str]:
    """The paths of all files below a node."""
    for name, child in node.children.items():
        path = f"{folder}{name}"
        _check(path)
        if child.type == "File":
            yield path
        else:
            yield from _files(child, f"{path}/")


def _check(path: str) -> None:
    if not path or path.startswith("/") or {"", ".", ".."} & {*path.split("/")}:
        raise errors.bad_path(path)
