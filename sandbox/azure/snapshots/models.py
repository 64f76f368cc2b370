"""What clients send about snapshots."""

from __future__ import annotations

from typing import Annotated

from sandbox.wire import Integer, Text, Wire, one_of


class FileNames(Wire):
    file_names: tuple[Text, ...]


class Revision(Wire):
    """A file that has been uploaded: where."""

    full_name: Text
    blob_uri: Text
    file_size: Integer


class Revisions(Wire):
    file_nodes: tuple[Revision, ...] = ()


class Node(Wire):
    """A file, or a folder with what is in it."""

    name: Text
    type: Annotated[str, one_of("File", "Directory")]
    hash: Text | None = None
    timestamp: Text | None = None
    children: dict[str, Node] = {}


class NewSnapshot(Wire):
    """The whole tree, and those of its files that the parent does not have."""

    parent_snapshot_id: Text | None = None
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    dir_tree_node: Node
    file_revision_list: Revisions = Revisions()
