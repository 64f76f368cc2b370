"""Signs in by a service connection and says which workspace it sees; run in the platform's environment.

stdin: {"endpoint": as the launcher hands it over, "federation": {"url", "token"}, "workspace": name}
"""

import json
import sys

from amltasks.errors import AmlTasksError
from amltasks.platforms.azureml.connection import ServiceConnection, chosen_workspace
from amltasks.platforms.azureml.credential import credential, federation
from amltasks.platforms.azureml.jobs import Jobs
from amltasks.platforms.azureml.request import AzureRequest

given = json.load(sys.stdin)
endpoint = given["endpoint"]
try:
    parts = (endpoint[name] for name in ("id", "url", "scheme", "parameters", "data"))
    connection = ServiceConnection.from_agent(*parts)
    place = chosen_workspace(connection, AzureRequest(workspace=given.get("workspace", "")))
    federated = federation(connection, **given.get("federation", {"request_uri": "", "token": ""}))
    print(Jobs(place, credential(connection, federated.assertion), connection.cloud).tracking_uri())
except AmlTasksError as error:
    print(f"{type(error).__name__}: {error}")
    sys.exit(3)
