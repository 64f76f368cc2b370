"""Assets in ARM, and where data is in the data plane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.azure.assets import models, responses
from sandbox.azure.assets.state import CODE, COMPONENT, DATA, ENVIRONMENT, MODEL, Kind
from sandbox.azure.paging import PARAMETERS
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.versions import MACHINE_LEARNING

_LIST = [*PARAMETERS, "listViewType", "$orderBy"]
_MORE = {CODE: ["hash", "hashVersion"], MODEL: ["stage", "version", "count", "tags", "properties", "feed"]}


def _routes(kind: Kind, model: Any) -> Iterator[Route]:
    every, one = f"{WORKSPACE}/{kind.segment}", f"{WORKSPACE}/{kind.segment}/{{name}}"
    version = f"{one}/versions/{{version}}"
    read, write = f"{kind.type}/read", f"{kind.type}/write"
    read_version, write_version = f"{kind.type}/versions/read", f"{kind.type}/versions/write"
    query = [*_LIST, *_MORE.get(kind, [])]
    yield Route("GET", every, responses.list_containers(kind), read, MACHINE_LEARNING, query)
    yield Route("GET", one, responses.get_container(kind), read, MACHINE_LEARNING)
    yield Route("PUT", one, responses.put_container(kind), write, MACHINE_LEARNING)
    yield Route("GET", f"{one}/versions", responses.list_versions(kind), read_version, MACHINE_LEARNING, query)
    yield Route("GET", version, responses.get_version(kind), read_version, MACHINE_LEARNING)
    yield Route("PUT", version, responses.put_version(kind, model), write_version, MACHINE_LEARNING)


ROUTES = [
    *_routes(CODE, models.CodeBody),
    *_routes(ENVIRONMENT, models.EnvironmentBody),
    *_routes(DATA, models.DataBody),
    *_routes(MODEL, models.ModelBody),
    *_routes(COMPONENT, models.ComponentBody),
    Route(
        "POST",
        f"{WORKSPACE}/codes/{{name}}/versions/{{version}}/startPendingUpload",
        responses.start_upload,
        f"{CODE.type}/versions/write",
        MACHINE_LEARNING,
    ),
]
DATA_PLANE = [
    Route(
        "POST",
        f"/data/v1.0{WORKSPACE}/dataversion/batchGetResolvedUris",
        responses.resolve_uris,
        f"{DATA.type}/versions/read",
    )
]
