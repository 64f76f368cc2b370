"""What clients send about jobs. Command jobs are played, other kinds are not."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from sandbox.wire import Flag, Integer, Text, Wire, one_of

_INPUT_MODES = one_of("ReadOnlyMount", "ReadWriteMount", "Download", "Direct", "EvalMount", "EvalDownload")
_OUTPUT_MODES = one_of("ReadWriteMount", "Upload", "Direct")


class LiteralInput(Wire):
    job_input_type: Literal["literal"]
    value: Text
    description: Text | None = None


class UriInput(Wire):
    job_input_type: Literal["uri_folder", "uri_file", "mltable", "custom_model", "mlflow_model", "triton_model"]
    uri: Text
    mode: Annotated[str, _INPUT_MODES] = "ReadOnlyMount"
    description: Text | None = None


class UriOutput(Wire):
    job_output_type: Literal["uri_folder", "uri_file", "mltable", "custom_model", "mlflow_model", "triton_model"]
    uri: Text | None = None
    mode: Annotated[str, _OUTPUT_MODES] = "ReadWriteMount"
    asset_name: Text | None = None
    asset_version: Text | None = None
    description: Text | None = None


class Resources(Wire):
    instance_count: Integer = 1
    instance_type: Text | None = None
    docker_args: Text | None = None
    docker_args_list: tuple[Text, ...] | None = None
    shm_size: Text = "2g"
    properties: dict[str, Any] | None = None


class Limits(Wire):
    """timeout: an ISO 8601 duration."""

    job_limits_type: Literal["Command"]
    timeout: Annotated[str, Field(pattern=r"^P(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$")] | None = None


class QueueSettings(Wire):
    job_tier: Annotated[str, one_of("Null", "Spot", "Basic", "Standard", "Premium")] | None = None


class TokenIdentity(Wire):
    identity_type: Literal["AMLToken", "UserIdentity"]


class ManagedIdentity(Wire):
    identity_type: Literal["Managed"]
    client_id: Text | None = None
    object_id: Text | None = None
    resource_id: Text | None = None


class Distribution(Wire):
    distribution_type: Annotated[str, one_of("Mpi", "PyTorch", "TensorFlow")]
    process_count_per_instance: Integer | None = None
    parameter_server_count: Integer | None = None
    worker_count: Integer | None = None


class CommandJob(Wire):
    job_type: Literal["Command"]
    command: Text
    environment_id: Text
    code_id: Text | None = None
    compute_id: Text | None = None
    component_id: Text | None = None
    description: Text | None = None
    display_name: Text | None = None
    distribution: Distribution | None = None
    environment_variables: dict[str, str] = {}
    experiment_name: Text = "Default"
    identity: Annotated[TokenIdentity | ManagedIdentity, Field(discriminator="identity_type")] | None = None
    inputs: dict[str, Annotated[LiteralInput | UriInput, Field(discriminator="job_input_type")]] = {}
    is_archived: Flag = False
    limits: Limits | None = None
    outputs: dict[str, UriOutput] = {}
    properties: dict[str, str] = {}
    queue_settings: QueueSettings | None = None
    resources: Resources = Resources()
    tags: dict[str, str] = {}


class JobBody(Wire):
    properties: CommandJob
