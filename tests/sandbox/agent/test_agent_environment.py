"""What a task finds in its environment, exactly, and what a script does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.agent import PipelineError
from sandbox.agent.endpoints import Endpoint
from tests.sandbox.agent.pipelines import NodeTask, Pipelines

INPUTS = [
    {"name": "text", "label": "t", "type": "string", "defaultValue": " default "},
    {"name": "flag", "label": "f", "type": "boolean", "defaultValue": True},
    {"name": "file", "label": "f", "type": "filePath"},
    {"name": "other", "label": "f", "type": "filePath"},
    {"name": "many", "label": "m", "type": "multiLine"},
    {"name": "service", "label": "s", "type": "connectedService:AzureRM", "aliases": ["azureSubscription"]},
]
# Writes everything it was given, by way of a file: the log would mask it.
DUMP = NodeTask(
    "Dump",
    """
    const all = { env: process.env, cwd: process.cwd(), argv: process.argv };
    require('fs').writeFileSync(process.env.PIPELINE_WORKSPACE + '/dump.json', JSON.stringify(all));
    """,
    {"inputs": INPUTS, "outputVariables": [{"name": "Outcome", "description": "o"}]},
)
CONNECTION = Endpoint(
    id="11111111-2222-3333-4444-555555555555",
    name="my connection",
    type="azurerm",
    url="https://management.example/",
    scheme="ServicePrincipal",
    parameters={"serviceprincipalid": "who", "serviceprincipalkey": "pass word", "tenantid": "t"},
    data={"subscriptionId": "sub", "environment": "AzureCloud"},
)


def dump(pipelines: Pipelines) -> dict[str, str]:
    env: dict[str, str] = json.loads((pipelines.folder / "agent/_work/1/dump.json").read_text())["env"]
    return env


def test_a_task_gets_inputs_variables_and_connections_under_the_agents_names(pipelines: Pipelines) -> None:
    """2.2 of the agent's contract, name by name."""
    ran = pipelines.run(
        """
        variables:
          my.var-x: value
          with space: $(my.var-x)!
        steps:
        - checkout: none
        - task: Dump@1
          name: dumping
          displayName: A dump
          inputs:
            text: "  $(my.var-x) $(nothing) "
            file: sub/dir
            azureSubscription: My Connection
            extra: given
          env:
            MAPPED: " $(secretOne) "
            BUILD_BUILDID: mine
        """,
        DUMP,
        secrets={"secretOne": "s3cret", "Dotted.Secret": "x y"},
        endpoints=[CONNECTION],
    )
    env, key = dump(pipelines), CONNECTION.id
    sources = str(pipelines.folder / "agent/_work/1/s")

    assert ran.result.result == "succeeded"
    inputs = {name: value for name, value in env.items() if name.startswith("INPUT_")}
    assert inputs == {
        "INPUT_TEXT": "value $(nothing)",
        "INPUT_FLAG": "true",
        "INPUT_FILE": f"{sources}/sub/dir",
        "INPUT_OTHER": sources,
        "INPUT_MANY": "",
        "INPUT_SERVICE": key,
        "INPUT_EXTRA": "given",
    }
    assert env["MY_VAR-X"] == "value"
    assert env["WITH_SPACE"] == "value!"
    assert env["MAPPED"] == "s3cret"
    assert env["BUILD_BUILDID"] == str(ran.build.id), "the agent's own names win over the step's env"
    assert env["SECRET_SECRETONE"] == "s3cret"
    assert env["SECRET_DOTTED_SECRET"] == "x y"
    assert "SECRETONE" not in env
    assert set(json.loads(env["VSTS_SECRET_VARIABLES"])) == {"secretOne", "Dotted.Secret", "System.AccessToken"}
    assert {"my.var-x", "with space", "Build.BuildId"} <= set(json.loads(env["VSTS_PUBLIC_VARIABLES"]))
    assert env["ENDPOINT_URL_SYSTEMVSSCONNECTION"] == pipelines.server.collection_url
    token = env["ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN"]
    authorization = {"parameters": {"AccessToken": token}, "scheme": "OAuth"}
    assert json.loads(env["ENDPOINT_AUTH_SYSTEMVSSCONNECTION"]) == authorization
    assert env["ENDPOINT_AUTH_SCHEME_SYSTEMVSSCONNECTION"] == "OAuth"
    assert "ENDPOINT_DATA_SYSTEMVSSCONNECTION" not in env
    assert env["SECRET_SYSTEM_ACCESSTOKEN"] == token
    assert "SYSTEM_ACCESSTOKEN" not in env, "only for those who map it"
    assert env[f"ENDPOINT_URL_{key}"] == CONNECTION.url
    assert env[f"ENDPOINT_AUTH_SCHEME_{key}"] == "ServicePrincipal"
    assert env[f"ENDPOINT_AUTH_PARAMETER_{key}_SERVICEPRINCIPALKEY"] == "pass word"
    assert json.loads(env[f"ENDPOINT_AUTH_{key}"])["parameters"] == CONNECTION.parameters
    assert json.loads(env[f"ENDPOINT_DATA_{key}"]) == CONNECTION.data
    assert env[f"ENDPOINT_DATA_{key}_SUBSCRIPTIONID"] == "sub"
    assert env["SYSTEM_TASKINSTANCENAME"] == "dumping"
    assert env["SYSTEM_TASKDISPLAYNAME"] == env["TASK_DISPLAYNAME"] == "A dump"
    assert env["SYSTEM_TASKINSTANCEID"] == ran.result.record("A dump").id
    assert env["AGENT_JOBSTATUS"] == env["Agent.JobStatus"] == "Succeeded"
    assert env["BUILD_BUILDURI"] == f"vstfs:///Build/Build/{ran.build.id}"
    assert env["SYSTEM_PLANID"] == ran.build.plan_id
    assert env["TF_BUILD"] == "True"
    assert env["VSTS_PROCESS_LOOKUP_ID"].startswith("vsts_")


def test_the_job_token_opens_the_service_only_while_the_job_lasts(pipelines: Pipelines) -> None:
    pipelines.run("steps: [{checkout: none}, {task: Dump@1}]", DUMP)
    token = dump(pipelines)["ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN"]

    assert pipelines.world.tokens.identity(f"Bearer {token}") is None


def test_the_process_is_node_with_the_target_alone_in_the_default_folder(pipelines: Pipelines) -> None:
    """The task's folder is `_work/_tasks/<name>_<id>/<version>`; nothing travels in the arguments."""
    pipelines.run("steps: [{checkout: none}, {task: Dump@1}]", DUMP)
    found = json.loads((pipelines.folder / "agent/_work/1/dump.json").read_text())

    assert len(found["argv"]) == 2
    target = Path(found["argv"][1])
    assert target.name == "main.js"
    assert target.parent.name == "1.0.0"
    assert target.parent.parent.name.startswith("Dump_")
    assert target.parent.parent.parent == pipelines.folder / "agent/_work/_tasks"
    assert found["cwd"] == str(pipelines.folder / "agent/_work/1/s")


def test_a_script_sees_public_variables_but_no_secrets_inputs_or_authorizations(pipelines: Pipelines) -> None:
    ran = pipelines.run(
        """
        steps:
        - checkout: none
        - script: env -0 > $(Pipeline.Workspace)/env.bin
          env:
            TOKEN: $(System.AccessToken)
        """,
        secrets={"hidden": "s3cret"},
    )
    content = (pipelines.folder / "agent/_work/1/env.bin").read_text().split("\0")
    env = dict(each.partition("=")[::2] for each in content if each)

    assert ran.result.result == "succeeded"
    private = ("INPUT_", "SECRET_", "ENDPOINT_AUTH_", "VSTS_SECRET", "VSTS_PUBLIC", "HIDDEN")
    assert not [name for name in env if name.startswith(private)]
    assert env["BUILD_BUILDNUMBER"] == ran.build.number
    assert env["TOKEN"]


def test_the_libraries_of_tasks_read_what_the_agent_wrote(pipelines: Pipelines) -> None:
    """azure-pipelines-task-lib, where it is installed."""
    library = Path("node_modules/azure-pipelines-task-lib/task").resolve()
    if not library.with_suffix(".js").is_file():
        pytest.skip("azure-pipelines-task-lib is not installed here (npm ci)")
    task = NodeTask(
        "Lib",
        f"""
        const tl = require({json.dumps(str(library))});
        const service = tl.getInput('service', true);
        console.log('text=' + tl.getInput('text') + ' flag=' + tl.getBoolInput('flag'));
        console.log('supplied=' + tl.filePathSupplied('file'));
        console.log('url=' + tl.getEndpointUrl(service, false));
        console.log('tenant=' + tl.getEndpointAuthorizationParameter(service, 'tenantid', false));
        console.log('sub=' + tl.getEndpointDataParameter(service, 'subscriptionId', false));
        const system = tl.getEndpointAuthorization('SystemVssConnection', false);
        console.log('token=' + (system.parameters['AccessToken'].length > 20));
        console.log('secret=' + tl.getVariable('hidden').length);
        tl.setVariable('Outcome', 'passed');
        tl.setResult(tl.TaskResult.Succeeded, 'done');
        """,
        {"inputs": INPUTS, "outputVariables": [{"name": "Outcome", "description": "o"}]},
    )
    ran = pipelines.run(
        """
        steps:
        - checkout: none
        - task: Lib@1
          name: lib
          inputs: {service: my connection}
        - bash: echo 'outcome $(lib.Outcome) $(Outcome)' "$LIB_OUTCOME"
          displayName: next
        """,
        task,
        secrets={"hidden": "12345"},
        endpoints=[CONNECTION],
    )
    log = ran.log("Lib")

    assert ran.result.result == "succeeded", str(ran)
    for line in (
        "text=default flag=true",
        "supplied=false",
        "url=https://management.example/",
        "tenant=t",
        "sub=sub",
        "token=true",
        "secret=5",
    ):
        assert line in log
    assert "outcome passed $(Outcome) passed" in ran.log("next"), "a declared output is known by the step's name only"


def test_a_connection_that_does_not_exist_refuses_the_run(pipelines: Pipelines) -> None:
    with pytest.raises(PipelineError, match="references service connection nobody which could not be found"):
        pipelines.run("steps: [{task: Dump@1, inputs: {service: nobody}}]", DUMP)


def test_a_task_is_found_by_its_full_name_and_its_id_too(pipelines: Pipelines) -> None:
    """publisher.extension.contribution.task, or the GUID, in any case, at a full version."""
    plain = NodeTask("Plain", "console.log('ran')", {"id": "aaaaaaaa-2222-3333-4444-555555555555"}, version="1.4.2")
    ran = pipelines.run(
        """
        steps:
        - checkout: none
        - task: pub.ext.plain.Plain@1
        - task: AAAAAAAA-2222-3333-4444-555555555555@1
        - task: plain@1.4.2
        """,
        plain,
    )

    assert ran.result.result == "succeeded"
    assert str(ran).count("ran") == 3
