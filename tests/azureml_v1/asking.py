"""Asks a workspace through the SDK v1, as the platform does; run in the platform's environment.

stdin: a line of JSON each, {"endpoint": as the launcher hands it over, "federation": {"request_uri", "token"},
"workspace": name, "ask": the name of one of QUESTIONS}. stdout: a line each.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from amltasks.errors import AmlTasksError
from amltasks.platforms.azureml.connection import ServiceConnection, chosen_workspace
from amltasks.platforms.azureml.credential import credential, federation
from amltasks.platforms.azureml.request import AzureRequest
from amltasks.platforms.azureml.v1.authentication import authentication
from amltasks.platforms.azureml.v1.service import ServiceV1


def jobs(service: ServiceV1) -> str:
    service.open()
    return f"{len(list(service.tagged('amltasks.run', 'none')))} jobs"


def nowhere(service: ServiceV1) -> str:
    """A run that is not there."""
    service.open()
    return str(service.find("no-such-run"))


def tokens(service: ServiceV1) -> str:
    """Three, each after the one before has run out, two seconds after it was given."""
    from azureml.core.authentication import Audience

    signed_in = authentication(service._credential, service._cloud)
    found = set()
    for pause in (0.0, 2.1, 2.1):
        time.sleep(pause)
        found.add(signed_in.get_token(Audience.ARM))
    return f"{len(found)} tokens"


def metrics(service: ServiceV1) -> str:
    """Of a run that has logged some of all kinds, and of its child."""
    from azureml.core import Experiment

    service.open()
    run = Experiment(service._workspace, "asked").start_logging(snapshot_directory=None)
    run.log("r2", 0.25)
    run.log("r2", 0.5)
    run.log("text", "abc")
    with run.child_run("fold") as child:
        child.log("r2", 0.125)
    run.complete()
    return json.dumps(service.metrics(run.id))


QUESTIONS: dict[str, Callable[[ServiceV1], str]] = {
    question.__name__: question for question in (jobs, nowhere, tokens, metrics)
}


def answer(given: dict[str, Any]) -> str:
    parts = (given["endpoint"][name] for name in ("id", "url", "scheme", "parameters", "data"))
    connection = ServiceConnection.from_agent(*parts)
    place = chosen_workspace(connection, AzureRequest(workspace=given.get("workspace", "")))
    federated = federation(connection, **given.get("federation", {"request_uri": "", "token": ""}))
    service = ServiceV1(place, credential(connection, federated.assertion), connection.cloud, "asked")
    try:
        return QUESTIONS[given.get("ask", "jobs")](service)
    except AmlTasksError as error:
        return f"{type(error).__name__}: {error}"


for line in sys.stdin:
    print(answer(json.loads(line)), flush=True)
