"""How a model is to be served, from inputs and from the files of MLOpsPython as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from amltasks.endpoints.settings import INPUTS, Settings, settings_of
from amltasks.errors import UserError
from amltasks.platforms.endpoints import Auth, Autoscale, Probe

# As they stand in MLOpsPython, byte for byte what matters: empty entries, `False`, paths above the folder.
INFERENCE = """\
entryScript: score.py
runtime: python
condaFile: ../conda_dependencies.yml
extraDockerfileSteps:
schemaFile:
sourceDirectory:
enableGpu: False
baseImage:
baseImageRegistry:"""
ACI = "computeType: ACI\ncontainerResourceRequirements:\n  cpu: 1\n  memoryInGB: 4\n"
AKS = """\
computeType: AKS
autoScaler:
    autoscaleEnabled: True
    minReplicas: 1
    maxReplicas: 3
    refreshPeriodInSeconds: 10
    targetUtilization: 70
authEnabled: True
containerResourceRequirements:
    cpu: 0.5
    memoryInGB: 2
appInsightsEnabled: True
scoringTimeoutMs: 5000
maxConcurrentRequestsPerContainer: 2
maxQueueWaitMs: 5000
sslEnabled: True
"""
Read = Callable[..., Settings]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository like MLOpsPython's."""
    scoring = tmp_path / "repository" / "diabetes" / "scoring"
    scoring.mkdir(parents=True)
    (scoring / "score.py").write_text("")
    (scoring / "inference_config.yml").write_text(INFERENCE)
    (scoring / "deployment_config_aci.yml").write_text(ACI)
    (scoring / "deployment_config_aks.yml").write_text(AKS)
    (scoring.parent / "conda_dependencies.yml").write_text("dependencies: [python=3.11]\n")
    return tmp_path / "repository"


@pytest.fixture
def read(root: Path, tmp_path: Path) -> Read:
    """Settings of inputs, those that are needed filled in."""

    def read(compute_type: str = "", **inputs: str) -> Settings:
        needed = {"endpoint": "diabetes", "scoringScript": "diabetes/scoring/score.py"}
        return settings_of(needed | inputs, root, tmp_path / "work", compute_type)

    return read


class TestFilesOfMLOpsPython:
    def test_are_read_as_they_are(self, root: Path, tmp_path: Path) -> None:
        inputs = {
            "endpoint": "diabetes",
            "inferenceConfig": "diabetes/scoring/inference_config.yml",
            "deploymentConfig": "diabetes/scoring/deployment_config_aks.yml",
        }

        settings = settings_of(inputs, root, tmp_path / "work", "AKS")

        deployment = settings.deployment
        assert (deployment.code, deployment.script) == (root / "diabetes" / "scoring", "score.py")
        assert deployment.environment.conda == root / "diabetes" / "conda_dependencies.yml"
        assert deployment.resources.autoscale == Autoscale(minimum=1, maximum=3, refresh=10, target_utilization=70)
        assert (deployment.resources.cpu, deployment.resources.memory) == (0.5, 2 * 10**9)
        assert (deployment.requests.timeout, deployment.requests.concurrent, deployment.requests.queue_wait) == (
            5,
            2,
            5,
        )
        assert deployment.app_insights
        assert settings.endpoint.auth is Auth.KEY
        assert settings.endpoint.settings == {"sslEnabled": "true"}

    def test_what_an_input_says_counts_before_the_file(self, read: Read) -> None:
        settings = read("ACI", deploymentConfig="diabetes/scoring/deployment_config_aci.yml", memory="1 GB")

        assert (settings.deployment.resources.cpu, settings.deployment.resources.memory) == (1, 10**9)

    @pytest.mark.parametrize("wanted", ["AKS", ""])
    def test_one_for_another_place_is_refused(self, read: Read, wanted: str) -> None:
        """Never another target than the one that is written there."""
        with pytest.raises(UserError, match=r"deployment_config_aci.yml'.*computeType: it is for 'ACI'"):
            read(wanted, deploymentConfig="diabetes/scoring/deployment_config_aci.yml")

    def test_an_unknown_entry_is_refused_with_the_nearest_one(self, read: Read, root: Path) -> None:
        (root / "aks.yml").write_text("computeType: AKS\nautoScaler: {minReplica: 2}\n")

        with pytest.raises(
            UserError, match=r"no entry 'autoScaler.minReplica' \(did you mean 'autoScaler.minReplicas'"
        ):
            read("AKS", deploymentConfig="aks.yml")

    def test_a_key_has_no_place_in_a_file(self, read: Read, root: Path) -> None:
        (root / "aci.yml").write_text("computeType: ACI\nprimaryKey: s3cret\n")

        with pytest.raises(UserError, match="primaryKey: a key has no place in a file") as raised:
            read("ACI", deploymentConfig="aci.yml")
        assert "s3cret" not in str(raised.value)

    def test_an_environment_within_the_file_becomes_one(self, read: Read, root: Path) -> None:
        (root / "ic.yml").write_text(
            "entryScript: diabetes/scoring/score.py\nenvironment:\n  docker: {baseImage: registry.io/base:1}\n"
            "  environmentVariables: {LEVEL: 3}\n  python: {condaDependencies: {dependencies: [python=3.9]}}\n"
        )
        deployment = read(inferenceConfig="ic.yml").deployment

        assert deployment.environment.image == "registry.io/base:1"
        assert deployment.environment.conda is not None
        assert yaml.safe_load(deployment.environment.conda.read_text()) == {"dependencies": ["python=3.9"]}
        assert deployment.variables == {"LEVEL": "3"}


class TestInputs:
    def test_the_script_s_folder_is_sent_where_no_other_is_named(self, read: Read, root: Path) -> None:
        own, named = read().deployment, read(sourceFolder="diabetes").deployment

        assert (own.code, own.script) == (root / "diabetes" / "scoring", "score.py")
        assert (named.code, named.script) == (root / "diabetes", "scoring/score.py")

    def test_requirements_become_a_conda_file(self, read: Read, root: Path) -> None:
        """4.30: nobody writes what is needed twice. The inference server is added where nothing brings it."""
        (root / "requirements.txt").write_text("numpy==2.1.0  # arrays\n-r more.txt\n")
        (root / "more.txt").write_text("--extra-index-url https://packages.example/simple\nscikit-learn>=1.5\n")

        conda = read(requirements="requirements.txt").deployment.environment.conda

        assert conda is not None
        dependencies = yaml.safe_load(conda.read_text())["dependencies"]
        assert dependencies[-1]["pip"] == [
            "numpy==2.1.0",
            "--extra-index-url https://packages.example/simple",
            "scikit-learn>=1.5",
            "azureml-inference-server-http",
        ]

    @pytest.mark.parametrize(
        ("given", "autoscale"),
        [
            ("1-5", Autoscale(minimum=1, maximum=5)),
            (
                "{minimum: 2, maximum: 4, targetUtilization: 50, refresh: 2s}",
                Autoscale(minimum=2, maximum=4, target_utilization=50, refresh=2),
            ),
        ],
    )
    def test_autoscale_is_a_range_or_a_mapping(self, read: Read, given: str, autoscale: Autoscale) -> None:
        assert read(autoscale=given).deployment.resources.autoscale == autoscale

    def test_probes_have_lengths_of_time_and_counts(self, read: Read) -> None:
        probe = read(livenessProbe="{initialDelay: 1 min, period: 10, failureThreshold: 3}").deployment.liveness

        assert probe == Probe(initial_delay=60, period=10, failure_threshold=3)

    @pytest.mark.parametrize(
        ("inputs", "sentence"),
        [
            ({"endpoint": ""}, "endpoint: name the endpoint"),
            ({"endpoint": "9 lives"}, "endpoint: '9 lives' is no name"),
            ({"scoringScript": ""}, "scoringScript: name the script"),
            ({"scoringScript": "scor.py"}, "scoringScript: there is no file 'scor.py'"),
            ({"auth": "keys"}, r"auth: 'keys' is none \(did you mean 'key'\?\)"),
            ({"cpu": "zero"}, "cpu: 'zero' is not a number above 0"),
            ({"replicas": "0"}, "replicas: '0' is not a whole number from 1"),
            ({"memory": "much"}, "memory: 'much' is not an amount"),
            ({"autoscale": "5-1"}, "autoscale: minimum is from 1 to maximum"),
            ({"livenessProbe": "{perod: 1}"}, r"livenessProbe: there is no 'perod' \(did you mean 'period'\?\)"),
            ({"variables": "{a-b: 1}"}, "variables: 'a-b' is no name of an environment variable"),
            ({"tags": "{amltasks.rollout: x}"}, "tags: 'amltasks.rollout': names that begin with amltasks."),
            ({"environment": "a", "image": "b/c"}, "environment and image: an environment has its image"),
            ({"condaFile": "no.yml"}, "condaFile: 'no.yml' does not exist"),
            ({"sourceFolder": "../.."}, "sourceFolder: .* leads out of the repository"),
        ],
    )
    def test_a_wrong_one_is_named(self, read: Read, inputs: dict[str, str], sentence: str) -> None:
        with pytest.raises(UserError, match=sentence):
            read(**inputs)

    def test_every_input_has_an_effect(self, read: Read, root: Path) -> None:
        """None is taken and forgotten: each changes what comes out."""
        (root / "requirements.txt").write_text("numpy\n")
        values = {
            "endpoint": "other", "compute": "cluster", "sourceFolder": "diabetes",
            "condaFile": "diabetes/conda_dependencies.yml", "requirements": "requirements.txt", "environment": "env:1",
            "image": "registry.io/image", "inferenceConfig": "diabetes/scoring/inference_config.yml",
            "cpu": "2", "cpuLimit": "3", "memory": "1 GB", "memoryLimit": "2 GB", "gpu": "1",
            "instanceType": "Standard_DS2_v2", "replicas": "2", "autoscale": "1-2", "requestTimeout": "5 s",
            "concurrentRequests": "3", "queueTimeout": "2 s", "livenessProbe": "{period: 3}",
            "readinessProbe": "{period: 3}", "auth": "aad", "appInsights": "true", "collectData": "true",
            "location": "westeurope", "description": "What for", "tags": "{a: b}", "variables": "{A: b}",
            "settings": "{dnsNameLabel: here}",
        }  # fmt: skip

        assert {*values, "scoringScript", "deploymentConfig"} == set(INPUTS)
        assert [name for name, value in values.items() if read(**{name: value}) == read()] == []
