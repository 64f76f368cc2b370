"""What clients send about models and the files that they are made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sandbox.wire import Flag, Integer, Number, Text, Wire


class ArtifactReference(Wire):
    """A file by its id, or all below a prefix: `ExperimentRun/dcid.name/outputs/model`."""

    id: Text | None = None
    prefix: Text | None = None


class AssetBody(Wire):
    name: Text
    type: Text | None = None
    description: Text | None = None
    artifacts: tuple[ArtifactReference, ...]
    kv_tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    runid: Text | None = None
    meta: dict[str, str] = {}


class DatasetReference(Wire):
    name: Text
    id: Text


class ResourceRequirements(Wire):
    cpu: Number | None = None
    memory_in_gb: Number | None = Field(default=None, alias="memoryInGB")
    gpu: Integer | None = None
    fpga: Integer | None = None


class Registration(Wire):
    """What the SDK v1 tells of a model, and the SDK v2 does not."""

    url: Text
    mime_type: Text = "application/json"
    framework: Text | None = None
    framework_version: Text | None = None
    unpack: Flag = False
    experiment_name: Text | None = None
    run_id: Text | None = None
    parent_model_id: Text | None = None
    datasets: tuple[DatasetReference, ...] = ()
    sample_input_data: Text | None = None
    sample_output_data: Text | None = None
    resource_requirements: ResourceRequirements | None = None


class ModelBody(Registration):
    name: Text
    description: Text | None = None
    kv_tags: dict[str, str] = {}
    properties: dict[str, str] = {}


class _Change(Wire):
    """Of a member as a whole, in the form of JSON Patch."""

    op: Literal["add", "replace"]


class PairsChange(_Change):
    path: Literal["/kvTags", "/properties"]
    value: dict[str, str]


class TextChange(_Change):
    path: Literal["/description", "/sampleInputData", "/sampleOutputData"]
    value: Text


class DatasetsChange(_Change):
    path: Literal["/datasets"]
    value: tuple[DatasetReference, ...]


class RequirementsChange(_Change):
    path: Literal["/resourceRequirements"]
    value: ResourceRequirements


Change = Annotated[PairsChange | TextChange | DatasetsChange | RequirementsChange, Field(discriminator="path")]
