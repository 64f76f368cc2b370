"""What a deployment's containers have written, and what the making of its image has said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from amltasks.platforms.azureml.answers import answered

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core.credentials import TokenCredential

_LINES = 500
_MOST_BYTES = 1 << 20
_STORE = "workspaceartifactstore"  # where Azure ML keeps the logs of images
_BUILD_LOG = re.compile(r"under the path ['\"]?/(?P<container>[^/'\"\s]+)/(?P<path>[^'\"\s]+)")


def container_log(client: MLClient, endpoint: str, deployment: str, container: str | None = None) -> str:
    """The last lines. container: `storage-initializer` for the one that fetches models and code."""
    with answered(f"The log of the deployment {deployment} could not be read"):
        logs = client.online_deployments
        return str(logs.get_logs(deployment, endpoint, lines=_LINES, container_type=container))


def build_log(client: MLClient, credential: TokenCredential, said: str) -> str:
    """Of an image that could not be built; empty where the service does not say where its log is."""
    from azure.storage.blob import BlobClient

    place = _BUILD_LOG.search(said)
    if place is None:
        return ""
    with answered("The log of the image could not be read"):
        store: Any = client.datastores.get(_STORE, include_secrets=True)
        address = f"https://{store.account_name}.blob.{store.endpoint}"
        blob = BlobClient(address, place["container"], place["path"].rstrip("."), credential=_key(store) or credential)
        with blob:
            size = blob.get_blob_properties().size
            end = blob.download_blob(offset=max(0, size - _MOST_BYTES))
            return str(end.readall(), "utf-8", "replace")


def _key(store: Any) -> Any:
    """None where the datastore has none: whoever is signed in reads it, or not."""
    return getattr(store.credentials, "account_key", None) or getattr(store.credentials, "sas_token", None)
