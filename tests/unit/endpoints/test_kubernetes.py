"""Manifests for plain Kubernetes with Istio: requirement 2.21, stage by stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from amltasks.endpoints.kubernetes import Application, write_stages
from amltasks.errors import UserError

APPLICATION = Application(name="model", namespace="abtesting", image="r.io/model:2", previous="r.io/model:1")
Stage = dict[str, dict[str, Any]]


@pytest.fixture
def stages(tmp_path: Path) -> dict[str, Stage]:
    """By stage: what is in its file, by kind and name."""
    return {
        path.stem.partition("-")[2]: {
            f"{each['kind']} {each['metadata']['name']}": each for each in yaml.safe_load_all(path.read_text())
        }
        for path in write_stages(APPLICATION, tmp_path)
    }


def images(stage: Stage) -> dict[str, str]:
    return {
        name.removeprefix("Deployment model-"): each["spec"]["template"]["spec"]["containers"][0]["image"]
        for name, each in stage.items()
        if each["kind"] == "Deployment"
    }


def weights(stage: Stage) -> dict[str, int]:
    routes = stage["VirtualService model"]["spec"]["http"][-1]["route"]
    return {route["destination"]["subset"]: route["weight"] for route in routes}


def test_stages_are_those_of_the_guide(stages: dict[str, Stage]) -> None:
    both = {"blue": "r.io/model:2", "green": "r.io/model:1"}

    assert {name: (images(stage), weights(stage)) for name, stage in stages.items()} == {
        "blue-0": (both, {"blue": 0, "green": 100}),
        "blue-50": (both, {"blue": 50, "green": 50}),
        "blue-100": (both, {"blue": 100, "green": 0}),
        "blue-green": ({"blue": "r.io/model:2", "green": "r.io/model:2"}, {"blue": 100, "green": 0}),
        "green-100": ({"green": "r.io/model:2"}, {"green": 100}),
    }


def test_a_header_chooses_the_version(stages: dict[str, Stage]) -> None:
    chosen = stages["blue-50"]["VirtualService model"]["spec"]["http"][:-1]

    assert [
        (rule["match"][0]["headers"]["x-api-version"]["exact"], rule["route"][0]["destination"]["subset"])
        for rule in chosen
    ] == [("blue", "blue"), ("green", "green")]


def test_what_refers_to_another_thing_finds_it(stages: dict[str, Stage]) -> None:
    """kubectl would tell only on a cluster: labels, ports, gateway, hosts and subsets."""
    for stage in stages.values():
        service, rule = stage["Service model"]["spec"], stage["DestinationRule model"]["spec"]
        subsets = {subset["name"]: subset["labels"] for subset in rule["subsets"]}
        for colour in images(stage):
            deployment = stage[f"Deployment model-{colour}"]["spec"]
            labels = deployment["template"]["metadata"]["labels"]
            ports = deployment["template"]["spec"]["containers"][0]["ports"]
            assert labels == deployment["selector"]["matchLabels"]
            assert labels.items() >= {**service["selector"], **subsets[colour]}.items()
            assert service["ports"][0]["targetPort"] == ports[0]["containerPort"]
        virtual = stage["VirtualService model"]["spec"]
        assert f"Gateway {virtual['gateways'][0]}" in stage
        for route in (route for each in virtual["http"] for route in each["route"]):
            assert route["destination"]["host"] == rule["host"] == "model.abtesting.svc.cluster.local"
            assert route["destination"]["subset"] in subsets
            assert route["destination"]["port"]["number"] == service["ports"][0]["port"]
        assert {each["metadata"]["namespace"] for each in stage.values()} == {"abtesting"}
        assert sum(weights(stage).values()) == 100


def test_the_first_image_is_there_at_once(tmp_path: Path) -> None:
    paths = write_stages(APPLICATION.model_copy(update={"previous": ""}), tmp_path)

    assert [path.name for path in paths] == ["1-green-100.yml"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": "Model"}, "name: 'Model' is none in Kubernetes"),
        ({"namespace": ""}, "namespace: '' is none"),
        ({"image": "a b"}, "image: 'a b' is no container image"),
        ({"image": ""}, "image: '' is no container image"),
        ({"previous": "$(x)"}, r"previous: '\$\(x\)' is no container image"),
        ({"replicas": 0}, "at least one replica"),
    ],
)
def test_what_kubernetes_refuses_is_refused(wrong: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=sentence):
        write_stages(APPLICATION.model_copy(update=wrong), tmp_path)


def test_images_may_be_filled_in_later(tmp_path: Path) -> None:
    application = APPLICATION.model_copy(update={"image": "${IMAGE}", "previous": "${PREVIOUS}"})

    assert "image: ${IMAGE}" in write_stages(application, tmp_path)[0].read_text()
