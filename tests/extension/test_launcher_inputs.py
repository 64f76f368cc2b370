"""What the task's Python is given, and what it is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.extension.conftest import MakeTask
from tests.extension.launching import RECORDER, ROOT, Agent, inputs, seen, variables

CONNECTION = "7d4a1f0e-5b0c-4c59-9f36-1f3e5c0c9a11"
SYSTEM = {
    "ENDPOINT_URL_SYSTEMVSSCONNECTION": "https://dev.azure.com/org/",
    "ENDPOINT_AUTH_SYSTEMVSSCONNECTION": '{"parameters": {"AccessToken": "job-token"}, "scheme": "OAuth"}',
    "ENDPOINT_AUTH_SCHEME_SYSTEMVSSCONNECTION": "OAuth",
    "ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN": "job-token",
}
AZURE = {
    f"ENDPOINT_URL_{CONNECTION}": "https://management.azure.com/",
    f"ENDPOINT_AUTH_{CONNECTION}": json.dumps(
        {"parameters": {"serviceprincipalid": "app", "serviceprincipalkey": "key-of-app"}, "scheme": "ServicePrincipal"}
    ),
    f"ENDPOINT_AUTH_PARAMETER_{CONNECTION}_SERVICEPRINCIPALKEY": "key-of-app",
    f"ENDPOINT_DATA_{CONNECTION}": '{"subscriptionId": "sub", "scopeLevel": "Subscription"}',
}
NOTEBOOKS = "a.ipynb\n!b ü.ipynb"


def test_python_reads_the_whole_job_as_one_json_object(used_agent: Agent, task: MakeTask) -> None:
    """Inputs raw and complete, variables and secrets by their real names, connections with their parameters."""
    ended = used_agent.run(
        task(RECORDER),
        **inputs(notebooks=NOTEBOOKS, azureSubscription=CONNECTION),
        **variables(public={"Build.BuildId": "17", "my.odd-name": "x"}, secret={"Db.Password": "hunter2"}),
        **SYSTEM,
        **AZURE,
    )

    assert ended.code == 0, ended.output
    assert seen(used_agent)["stdin"] == {
        "task": {"name": "Probe", "version": "1.2.3"},
        "inputs": {
            "notebooks": NOTEBOOKS,
            "attach": "",
            "platform": "",
            "python": "",
            "azureSubscription": CONNECTION,
        },
        "variables": {"Build.BuildId": "17", "my.odd-name": "x"},
        "secrets": {"Db.Password": "hunter2"},
        "connection": {"url": "https://dev.azure.com/org/", "token": "job-token"},
        "endpoints": {
            "azureSubscription": {
                "id": CONNECTION,
                "url": "https://management.azure.com/",
                "scheme": "ServicePrincipal",
                "parameters": {"serviceprincipalid": "app", "serviceprincipalkey": "key-of-app"},
                "data": {"subscriptionId": "sub", "scopeLevel": "Subscription"},
            }
        },
        "phase": "main",
        "state": "",
    }


def test_when_the_jobs_steps_are_over_python_reads_what_its_step_has_left(used_agent: Agent, task: MakeTask) -> None:
    """And is not started, nor an environment made for it, where that is nothing."""
    folder = task(RECORDER)
    shutil.copy(ROOT / "tasks" / "EnsureCompute" / "post.js", folder / "post.js")

    nothing = used_agent.run(folder, file="post.js", PATH="/nowhere")
    ended = used_agent.run(folder, file="post.js", VSTS_TASKVARIABLE_AMLTASKS="ci-42")

    assert (nothing.code, ended.code) == (0, 0), ended.output
    assert "Nothing is left to do" in nothing.output
    assert {name: seen(used_agent)["stdin"][name] for name in ("phase", "state")} == {"phase": "post", "state": "ci-42"}


def test_without_a_connection_to_azure_devops_there_is_none(used_agent: Agent, task: MakeTask) -> None:
    assert used_agent.run(task(RECORDER)).code == 0

    assert seen(used_agent)["stdin"]["connection"] is None
    assert seen(used_agent)["stdin"]["endpoints"] == {}


def test_no_secret_reaches_the_command_line_the_environment_or_the_log(used_agent: Agent, task: MakeTask) -> None:
    """Secret variables, tokens and inputs travel on standard input alone; what users map by `env:` stays."""
    ended = used_agent.run(
        task(RECORDER),
        **inputs(notebooks="a.ipynb", attach="KEY=in-an-input", azureSubscription=CONNECTION),
        **variables(secret={"Db.Password": "hunter2"}),
        **SYSTEM,
        **AZURE,
        MAPPED_BY_USER="mapped",
    )

    assert ended.code == 0, ended.output
    python = seen(used_agent)
    exposed = json.dumps([python["argv"], python["environ"], ended.output])
    for secret in ("hunter2", "job-token", "key-of-app", "in-an-input"):
        assert secret not in exposed
    assert python["environ"]["MAPPED_BY_USER"] == "mapped"
    assert python["environ"]["AGENT_TEMPDIRECTORY"] == str(used_agent.temp)


def test_python_runs_isolated_in_utf8_mode_as_leader_of_its_own_group(used_agent: Agent, task: MakeTask) -> None:
    """PYTHONPATH and the job's folder cannot change what the task imports; the job's folder is where it runs."""
    folder = task(RECORDER)
    (used_agent.folder / "work" / "ownpackage.py").write_text("raise ImportError('the wrong one')", encoding="utf-8")

    ended = used_agent.run(folder, PYTHONPATH=str(used_agent.folder / "work"), PYTHONHOME="/nowhere", LC_ALL="C")

    assert ended.code == 0, ended.output
    python = seen(used_agent)
    assert python["argv"][1:-1] == ["-I", "-u", "-X", "utf8", str(folder / "main.py")]
    assert (python["isolated"], python["utf8"], python["leads its group"]) == (1, 1, True)
    assert python["cwd"] == str(used_agent.folder / "work")
    assert Path(python["prefix"]).parent == used_agent.tools / "amltasks"
    assert python["environ"]["PYTHONIOENCODING"] == "utf-8"
    assert Path(python["environ"]["AZURE_DEVOPS_CACHE_DIR"]).parent == used_agent.temp


def test_what_python_writes_reaches_the_log_unchanged(used_agent: Agent, task: MakeTask) -> None:
    """Both streams, carriage returns, no newline at the end, any character."""
    main = r"""
import sys
sys.stdout.write("50 %\r100 %\nü 漢 \x1b[31mred\x1b[0m\n##vso[task.setprogress value=50;]half")
sys.stderr.write("no newline")
"""

    ended = used_agent.run(task(main))

    assert "50 %\r100 %\nü 漢 \x1b[31mred\x1b[0m\n##vso[task.setprogress value=50;]half" in ended.output
    assert "no newline" in ended.output


def test_python_reaches_azure_devops_through_the_agents_proxy(used_agent: Agent, task: MakeTask) -> None:
    """The agent keeps its proxy to itself; without it nothing could be published from behind one."""
    ended = used_agent.run(
        task(RECORDER),
        **variables(public={"Agent.ProxyUrl": "http://proxy.corp.invalid:3128"}, secret={}),
        SYSTEM_COLLECTIONURI="https://dev.azure.com/org/",
    )

    assert ended.code == 0, ended.output
    assert seen(used_agent)["environ"]["HTTPS_PROXY"] == "http://proxy.corp.invalid:3128/"
