"""Signs in by service connections and says which workspace each sees; run in the platform's environment.

stdin: a line of JSON each, {"endpoint": as the launcher hands it over, "federation": {"request_uri", "token"},
"workspace": name}, or {"later": seconds} to ask again by the last one, with the clock of this process set forward so
far. stdout: a line each.
"""

import json
import sys
import time
from typing import Any

from amltasks.errors import AmlTasksError
from amltasks.platforms.azureml.connection import ServiceConnection, chosen_workspace
from amltasks.platforms.azureml.credential import credential, federation
from amltasks.platforms.azureml.request import AzureRequest
from amltasks.platforms.azureml.v2.jobs import Jobs


def sign_in(given: dict[str, Any]) -> Jobs:
    parts = (given["endpoint"][name] for name in ("id", "url", "scheme", "parameters", "data"))
    connection = ServiceConnection.from_agent(*parts)
    place = chosen_workspace(connection, AzureRequest(workspace=given.get("workspace", "")))
    federated = federation(connection, **given.get("federation", {"request_uri": "", "token": ""}))
    return Jobs(place, credential(connection, federated.assertion), connection.cloud)


def set_forward(seconds: float) -> None:
    """What azure-identity, MSAL and azure-core read of the clock."""
    now = time.time
    time.time = lambda: now() + seconds


def main() -> None:
    jobs: Jobs | None = None
    for line in sys.stdin:
        given = json.loads(line)
        try:
            if "later" in given:
                set_forward(given["later"])
            else:
                jobs = sign_in(given)
            assert jobs
            print(jobs.tracking_uri(), flush=True)
        except AmlTasksError as error:
            print(f"{type(error).__name__}: {error}", flush=True)


main()
