"""How the SDK v1 describes an environment, registered or in a run's configuration."""

from __future__ import annotations

from typing import Annotated, Any

from sandbox.wire import Flag, Text, Wire, one_of


class PythonSection(Wire):
    interpreter_path: Text = "python"
    user_managed_dependencies: Flag = False
    conda_dependencies: dict[str, Any] | None = None
    conda_dependencies_file: Text | None = None
    base_conda_environment: Text | None = None


class Registry(Wire):
    address: Text | None = None
    username: Text | None = None
    password: Text | None = None
    registry_identity: dict[str, Any] | None = None


class Platform(Wire):
    os: Annotated[str, one_of("Linux", "Windows")] = "Linux"
    architecture: Text = "amd64"


class BuildContext(Wire):
    """location: an address of a folder."""

    location_type: Annotated[str, one_of("Git", "StorageAccount")] = "StorageAccount"
    location: Text
    dockerfile_path: Text = "Dockerfile"


class DockerSection(Wire):
    enabled: Flag = False
    base_image: Text | None = None
    base_dockerfile: Text | None = None
    build_context: BuildContext | None = None
    base_image_registry: Registry = Registry()
    platform: Platform = Platform()
    shared_volumes: Flag = True
    shm_size: Text | None = None
    arguments: tuple[Text, ...] = ()


class SparkSection(Wire):
    repositories: tuple[Text, ...] = ()
    packages: tuple[dict[str, Any], ...] = ()
    precache_packages: Flag = True


class Definition(Wire):
    name: Text | None = None
    version: Text | None = None
    python: PythonSection = PythonSection()
    environment_variables: dict[str, str] = {}
    docker: DockerSection = DockerSection()
    spark: SparkSection = SparkSection()
    databricks: dict[str, Any] | None = None
    r: dict[str, Any] | None = None
    inferencing_stack_version: Text | None = None
    asset_id: Text | None = None
