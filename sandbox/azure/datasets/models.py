"""What clients send about datasets."""

from __future__ import annotations

from typing import Annotated, Any

from sandbox.wire import Flag, Text, Wire, one_of

_KIND = one_of("file", "tabular")


class State(Wire):
    state: Text = "active"


class Definition(Wire):
    """dataflow: a JSON text, in which the text that says how the data is read."""

    version_id: Text | None = None
    dataset_definition_state: State = State()
    dataflow: Text
    properties: dict[str, Any] = {}
    saved_dataset_id: Text | None = None


class DatasetBody(Wire):
    dataset_id: Text | None = None
    name: Text
    dataset_type: Annotated[str, _KIND]
    latest: Definition
    description: Text | None = None
    tags: dict[str, str] = {}
    is_visible: Flag = True


class SavedBody(Wire):
    dataset_type: Annotated[str, _KIND]
    properties: dict[str, Any] = {}
    dataflow_json: Text
