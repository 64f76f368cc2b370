"""What the SDK v1 submits: a run's whole configuration, of which what is not played may only be as it is by default."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from sandbox.azure.environments.models import Definition
from sandbox.wire import Flag, Integer, Text, Wire, one_of

Argument = str | int | float | bool | None


class History(Wire):
    output_collection: Flag = True
    snapshot_project: Flag = True
    directories_to_watch: tuple[Text, ...] = ()


class Nothing(Wire):
    """What is not played: it must be empty."""


class Configuration(Wire):
    """script: with its arguments, or command, a text or its words. Settings of frameworks are kept, not read."""

    script: Text | None = None
    arguments: tuple[Argument, ...] = ()
    command: Text | tuple[Argument, ...] | None = None
    target: Text
    framework: Annotated[str, one_of("Python")] = "Python"
    communicator: Annotated[str, one_of("None")] = "None"
    max_run_duration_seconds: Annotated[Integer, Field(gt=0)] | None = None
    node_count: Annotated[Integer, Field(ge=1)] = 1
    priority: Integer | None = None
    environment: Definition
    environment_variables: dict[str, str] = {}
    history: History = History()
    data: Nothing = Nothing()
    data_references: Nothing = Nothing()
    output_data: Nothing = Nothing()
    datacaches: Annotated[tuple[Any, ...], Field(max_length=0)] = ()
    application_endpoints: Nothing = Nothing()
    credential_passthrough: Annotated[Flag, Field()] = False
    source_directory_data_store: Text | None = None
    spark: dict[str, Any] = {}
    docker: dict[str, Any] = {}
    hdi: dict[str, Any] = {}
    tensorflow: dict[str, Any] = {}
    mpi: dict[str, Any] = {}
    pytorch: dict[str, Any] = {}
    paralleltask: dict[str, Any] = {}
    amlcompute: dict[str, Any] = {}
    kubernetescompute: dict[str, Any] = {}
    auto_cluster_compute_specification: dict[str, Any] | None = None


class Submission(Wire):
    configuration: Configuration
    snapshot_id: Text | None = None
    target_details: dict[str, Any] | None = None
    telemetry_values: dict[str, Any] | None = None
    parent_run_id: Text | None = None
