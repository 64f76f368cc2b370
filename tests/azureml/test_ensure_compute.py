"""EnsureCompute: clusters found and made, waited for, refused in a sentence, and removed with the job (3.6, 3.7)."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.azureml.cloud import open_azure
from tests.azureml.ensuring import Ensuring, Step
from tests.azureml.places import open_places
from tests.azureml.steps import wait_for

pytestmark = pytest.mark.xdist_group("azureml-places")


@pytest.fixture(scope="module", params=["azureml", pytest.param("azureml-v1", marks=pytest.mark.long)])
def ensuring(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ensuring]:
    if request.param == "azureml":
        yield Ensuring(request.getfixturevalue("places"), request.param)
        return
    folder = tmp_path_factory.mktemp("azure")
    with open_azure(folder, request.getfixturevalue("azureml_v1_python")) as azure:
        azure.environment["HOME"] = str(folder)  # where the SDK v1 has caches
        with open_places(azure) as places:
            yield Ensuring(places, request.param)


def test_a_cluster_is_made_found_and_removed_with_the_job(ensuring: Ensuring) -> None:
    """Of a build: by its first step, found by the second, and gone when its job is over."""
    settings = {"size": "Standard_DS2_v2", "maxNodes": "2", "idleTime": "5 min", "priority": "lowPriority"}
    made = ensuring.run("ci-42", removeAfterwards="true", **settings)
    again = ensuring.run("ci-42", removeAfterwards="true", **settings)
    there = ensuring.of("ci-42")
    removed = ensuring.run("ci-42", state=made.state)
    wait_for(lambda: "ci-42" not in ensuring.names())
    gone = ensuring.run("ci-42", state=made.state)

    assert (made.code, again.code, removed.code, gone.code) == (0, 0, 0, 0), made.log + again.log + removed.log
    assert [step.variable("Created") for step in (made, again)] == ["true", "true"]
    assert (made.variable("Compute"), made.variable("State")) == ("ci-42", "ready")
    assert made.state == again.state == "ci-42"
    assert (there["vmSize"], there["vmPriority"].lower()) == ("Standard_DS2_v2", "lowpriority")
    assert (there["scaleSettings"]["minNodeCount"], there["scaleSettings"]["maxNodeCount"]) == (0, 2)
    assert "is not there any more" in gone.log
    assert unspecific(again) == []


def test_what_is_there_stays_as_it_is_and_what_differs_is_named(ensuring: Ensuring) -> None:
    """Also for a build that wants to remove it: it was there before."""
    found = ensuring.run("cpu", size="Standard_DS2_v2", maxNodes="3", removeAfterwards="true")

    assert (found.code, found.variable("Created"), found.state) == (0, "false", "")
    assert unspecific(found) == [
        "size: the compute cpu has Standard_DS3_v2, not Standard_DS2_v2: only another cluster can have that.",
        "maxNodes: the compute cpu has 2, not 3: `update: true` changes it.",
        "removeAfterwards: the compute cpu was there before this build, which does not remove it.",
    ]
    assert ensuring.of("cpu")["scaleSettings"]["maxNodeCount"] == 2
    assert unspecific(ensuring.run("cpu")) == []

    changed = ensuring.run("cpu", maxNodes="3", update="true")
    assert (changed.code, unspecific(changed)) == (0, [])
    assert ensuring.of("cpu")["scaleSettings"]["maxNodeCount"] == 3
    assert ensuring.of("cpu")["vmSize"] == "Standard_DS3_v2"
    assert ensuring.run("cpu", maxNodes="2", update="true").code == 0


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"size": "Standard_DS33_v2"}, "in the workspace's region (did you mean 'Standard_DS3_v2'?): there are "),
        ({"maxNodes": "500"}, "vCPU quota of 200"),
        ({"minNodes": "3", "maxNodes": "2"}, "minNodes, maxNodes: from 3 to 2 nodes is no range."),
    ],
)
def test_what_cannot_be_made_is_said_in_a_sentence(ensuring: Ensuring, inputs: dict[str, str], sentence: str) -> None:
    refused = ensuring.run("new", **inputs)

    assert refused.code == 2, refused.log
    assert sentence in refused.error
    assert "new" not in ensuring.names()


def test_one_that_fails_while_it_is_made_is_not_left_behind(ensuring: Ensuring) -> None:
    computes = ensuring.azure.world.azure.computes
    computes.failures.append(("AllocationFailed", "There are no such machines left in westeurope."))

    failed = ensuring.run("new")

    assert failed.code == 2, failed.log
    assert "could not be made: There are no such machines left in westeurope." in failed.error
    wait_for(lambda: "new" not in ensuring.names())


def test_it_waits_for_so_long_and_no_longer(ensuring: Ensuring) -> None:
    """And a cancelled step ends at once; what it has begun is removed with the job."""
    pace = ensuring.azure.world.azure.execution.pace
    allocate, pace.allocate = pace.allocate, 30.0
    try:
        late = ensuring.run("late", timeout="1s")
        process = ensuring.start("cut", removeAfterwards="true")
        wait_for(lambda: "cut" in ensuring.names())
        process.send_signal(signal.SIGINT)
        log, _ = process.communicate(timeout=60)
    finally:
        pace.allocate = allocate

    assert late.code == 3, late.log
    assert "The compute late was not usable in time (timeout): it is still being made" in late.error
    assert process.returncode == 130, log
    assert "it is removed when the job is over" in log
    assert ensuring.run("cut", state=Step(130, log).state).code == 0
    wait_for(lambda: "cut" not in ensuring.names())


def unspecific(step: Step) -> list[str]:
    """Warnings but that of the platform itself."""
    return [warning for warning in step.warnings if not warning.startswith("platform:")]
