"""The azure-devops SDK, imported so that it leaves nothing behind: the only place that imports it.

At import it makes a folder in the home directory (and fails where there is none), in which jobs on the same agent
overwrite each other's half-written files. It gets a private folder instead. It also writes whole bodies to the debug
log, which nobody may read there.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from msrest.authentication import BasicAuthentication
from msrest.exceptions import ClientException

CACHE = "AZURE_DEVOPS_CACHE_DIR"


@contextmanager
def _private_cache() -> Iterator[None]:
    if "azure.devops._file_cache" in sys.modules:
        yield
        return
    folder = tempfile.mkdtemp(prefix="amltasks-devops-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    before = os.environ.get(CACHE)
    os.environ[CACHE] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ[CACHE]
        else:
            os.environ[CACHE] = before


with _private_cache():
    from azure.devops.connection import Connection
    from azure.devops.v7_1.test import models
    from azure.devops.v7_1.test.test_client import TestClient

logging.getLogger("azure.devops").setLevel(logging.INFO)

# By their names, as connections make them; what is rarely used is imported only then.
TEST_CLIENT = f"{TestClient.__module__}.{TestClient.__name__}"
BUILD_CLIENT = "azure.devops.v7_1.build.build_client.BuildClient"
GIT_CLIENT = "azure.devops.v7_1.git.git_client.GitClient"

__all__ = [
    "BUILD_CLIENT",
    "GIT_CLIENT",
    "TEST_CLIENT",
    "BasicAuthentication",
    "ClientException",
    "Connection",
    "models",
]
