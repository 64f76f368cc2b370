"""Requests that fail while models, endpoints and clusters are made: what comes of it is the same, nothing is twice."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.azureml.cloud import Azure, open_azure
from tests.azureml.exchanges import FAULTS, OF_PLACES
from tests.azureml.places import Places, open_places
from tests.azureml.steps import wait_for

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("azureml-faults-of-places")]

PORTIONS = 5  # of the requests that fail in one run
SCORE = "# {}\ndef init(): ...\ndef run(data):\n    return 1\n"

Carry = Callable[[], dict[str, Any]]


@pytest.fixture(scope="module")
def places_of_all(tmp_path_factory: pytest.TempPathFactory, azureml_python: Path) -> Iterator[Places]:
    with open_azure(tmp_path_factory.mktemp("azure"), azureml_python) as azure, open_places(azure) as opened:
        yield opened


@pytest.fixture(scope="module")
def carry_out(places_of_all: Places, tmp_path_factory: pytest.TempPathFactory) -> Carry:
    """Each time with names and contents of its own; answers with what came of it."""
    registry = places_of_all.open("amltasks.platforms.azureml.v2.registry:RegistryV2")
    endpoints = places_of_all.open("amltasks.platforms.azureml.v2.endpoints:EndpointsV2", "managed")
    computes = places_of_all.open("amltasks.platforms.azureml.v2.computes:ComputesV2")
    numbers = itertools.count(1)

    def run() -> dict[str, Any]:
        number = next(numbers)
        folder, name = tmp_path_factory.mktemp("run"), f"far{number}"
        (folder / "model.txt").write_text(str(number))
        (folder / "code").mkdir()
        (folder / "code" / "score.py").write_text(SCORE.format(number))
        model = registry("register", model={"name": f"m{number}", "path": folder / "model.txt", "key": "1"})
        registry("tag", model=model, tags={"a": "b"})
        versions = registry("versions", name=f"m{number}")
        downloaded = registry("download", model=model, folder=folder / "got")
        endpoints("ensure", spec={"name": name, "tags": {"x": "y"}})
        spec = {"name": "blue", "models": [model], "code": folder / "code", "script": "score.py"}
        deployed = endpoints("deploy", endpoint=name, spec=spec)
        endpoints("route", endpoint=name, traffic={"blue": 100})
        served = endpoints("find", name=name)
        keys = endpoints("access", endpoint=name)["headers"]
        log = endpoints("log", endpoint=name, deployment="blue")
        endpoints("route", endpoint=name, traffic={})
        endpoints("delete_deployment", endpoint=name, deployment="blue")
        left = endpoints("find", name=name)
        endpoints("delete", endpoint=name)
        gone = endpoints("find", name=name)
        computes("begin", cluster={"name": f"new{number}"})
        wait_for(lambda: computes("find", name=f"new{number}")["state"] == "ready")
        computes("delete", name=f"new{number}")
        wait_for(lambda: computes("find", name=f"new{number}") is None)
        return {
            "versions": [(each["version"], each["tags"]) for each in versions],
            "downloaded": Path(downloaded).read_text() == str(number),
            "deployed": (deployed["cause"], deployed["deployment"]["state"]),
            "served": (served["state"], served["tags"], [each["traffic"] for each in served["deployments"]]),
            "keys": keys["Authorization"].startswith("Bearer "),
            "log": "Container logs" in log,
            "left": left["deployments"],
            "gone": gone,
        }

    return run


@pytest.fixture(scope="module")
def clean(carry_out: Carry) -> dict[str, Any]:
    return carry_out()


def test_what_comes_of_it(places_of_all: Places, clean: dict[str, Any]) -> None:
    assert clean == {
        "versions": [("1", {"amltasks.key": "1", "a": "b"})],
        "downloaded": True,
        "deployed": (None, "ready"),
        "served": ("ready", {"x": "y"}, [100]),
        "keys": True,
        "log": True,
        "left": [],
        "gone": None,
    }
    exchanges = places_of_all.azure.world.journal.exchanges
    assert [str(kind) for kind in OF_PLACES if not any(map(kind.is_kind_of, exchanges))] == []


@pytest.mark.parametrize("portion", range(PORTIONS))
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_fails_once_changes_nothing(
    places_of_all: Places, carry_out: Carry, clean: dict[str, Any], fault: str, portion: int
) -> None:
    """Before the request is carried out, or after: with the answer lost."""
    azure: Azure = places_of_all.azure
    kinds = OF_PLACES[portion::PORTIONS]
    before = len(azure.world.journal.exchanges)
    azure.world.faults.add(*(kind.fault(FAULTS[fault]) for kind in kinds))

    assert carry_out() == clean
    hit = [each for each in azure.world.journal.exchanges[before:] if each.fault]
    assert [str(kind) for kind in kinds if not any(map(kind.is_kind_of, hit))] == []
