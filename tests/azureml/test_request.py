"""What a step says of Azure ML, and what is refused by name."""

from __future__ import annotations

import pytest

from amltasks.errors import UserError
from amltasks.platforms.azureml.request import AzureRequest, Identity, refuse_without_platform


def test_nothing_said_is_serverless_in_the_default_environment_and_waited_for() -> None:
    assert AzureRequest.from_inputs({}, "Nightly: main") == AzureRequest(experiment="Nightly-main")


def test_everything_said() -> None:
    request = AzureRequest.from_inputs(
        {
            "resourceGroup": "group", "workspace": "ws", "compute": "cpu", "environment": "image/x:1\nconda.yml",
            "experiment": "exp",
            "outputs": "models\ndata=azureml://datastores/d/paths/p", "tags": "team: a\nkeep: true",
            "identity": "managed:00000000-0000-0000-0000-000000000001", "wait": "false", "resume": "one, two",
            "cancelSuperseded": "false",
        }
    )  # fmt: skip

    assert request == AzureRequest(
        resource_group="group",
        workspace="ws",
        compute="cpu",
        environment=("image/x:1", "conda.yml"),
        experiment="exp",
        outputs={"models": "", "data": "azureml://datastores/d/paths/p"},
        tags={"team": "a", "keep": "true"},
        identity=Identity(kind="managed", client_id="00000000-0000-0000-0000-000000000001"),
        wait=False,
        resume=("one", "two"),
        cancel_superseded=False,
    )


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"compute": "cpu", "instanceType": "D3"}, "name a cluster, or the size of serverless machines, but not both"),
        ({"instanceCount": "0"}, "instanceCount: '0' is not a whole number from 1 to 100."),
        ({"identity": "me"}, "identity: 'me' is none: say managed, managed:CLIENT-ID or user."),
        ({"outputs": "a b"}, "outputs: 'a b' is no name"),
        ({"outputs": "a=https://x"}, "outputs: 'https://x' is no place of a datastore"),
        ({"tags": "[a]"}, "tags: has to be a mapping"),
        ({"tags": "a: [b]"}, "tags: 'a': a tag is a name and one value."),
        ({"tags": "amltasks.build: 1"}, "names that begin with amltasks. are the task's own"),
        ({"wait": "maybe"}, "wait: 'maybe' is neither true nor false."),
    ],
)
def test_what_makes_no_sense_is_refused(inputs: dict[str, str], sentence: str) -> None:
    with pytest.raises(UserError) as refused:
        AzureRequest.from_inputs(inputs)

    assert sentence in str(refused.value)


def test_settings_of_azure_ml_for_a_step_on_the_agent_are_refused() -> None:
    """Without the platform they would be left aside without a word, and the notebooks run elsewhere than meant."""
    refuse_without_platform({"wait": "true", "cancelSuperseded": "auto", "instanceCount": "1", "compute": ""})

    with pytest.raises(UserError, match=r"compute: .*add `platform: azureml`"):
        refuse_without_platform({"compute": "cpu"})
