"""Signs in by service connections and says which workspace each sees; run in the platform's environment.

stdin: a line of JSON each, {"endpoint": as the launcher hands it over, "federation": {"request_uri", "token"},
"workspace": name, "times": how often, "pause": seconds between}. stdout: a line each.
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


def seen(given: dict[str, Any]) -> str:
    parts = (given["endpoint"][name] for name in ("id", "url", "scheme", "parameters", "data"))
    try:
        connection = ServiceConnection.from_agent(*parts)
        place = chosen_workspace(connection, AzureRequest(workspace=given.get("workspace", "")))
        federated = federation(connection, **given.get("federation", {"request_uri": "", "token": ""}))
        jobs = Jobs(place, credential(connection, federated.assertion), connection.cloud)
        uris = [jobs.tracking_uri()]
        for _ in range(given.get("times", 1) - 1):
            time.sleep(given["pause"])
            uris.append(jobs.tracking_uri())
        return uris[0] if len(uris) == 1 else "; ".join(uri[: len("azureml://")] for uri in uris)
    except AmlTasksError as error:
        return f"{type(error).__name__}: {error}"


for line in sys.stdin:
    print(seen(json.loads(line)), flush=True)
