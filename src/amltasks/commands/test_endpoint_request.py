"""What a test of an endpoint was asked to be: typed and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field

from amltasks.commands.places import Kind, platform_of
from amltasks.data import Data
from amltasks.durations import parse_duration
from amltasks.endpoints.smoke.cases import Case
from amltasks.endpoints.smoke.readiness import READY_TIMEOUT
from amltasks.endpoints.smoke.reading import read_cases
from amltasks.errors import UserError
from amltasks.quoting import quoted
from amltasks.requests import Platform

# Endpoints are found by name whatever serves them: any kind of their SDK asks for their keys.
_KINDS = {Platform.AGENT: Kind.LOCAL, Platform.AZUREML: Kind.MANAGED, Platform.AZUREML_V1: Kind.ACI}


class TestEndpointRequest(Data):
    """Either `address`, with `key` where it wants one, or `endpoint`, a name on the platform.

    deployment: the one that is asked; empty for whom the endpoint chooses. ready_timeout: seconds.
    """

    __test__ = False

    cases: tuple[Case, ...]
    platform: Platform
    endpoint: str = ""
    address: str = ""
    key: str = Field(default="", repr=False)
    deployment: str = ""
    ready_timeout: float = READY_TIMEOUT

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, str], root: Path) -> TestEndpointRequest:
        """From a task's inputs as the agent gives them. Raises UserError, naming the input."""
        given = {name: value.strip() for name, value in inputs.items()}
        address, endpoint = given.get("address", ""), given.get("endpoint", "")
        if bool(address) == bool(endpoint):
            both = "both are given" if address else "neither is given"
            raise UserError(f"endpoint, address: {both}: name the endpoint, or write its scoring address.")
        if address:
            _check_address(address)
        if given.get("key") and endpoint:
            raise UserError("key: is for an address; of an endpoint that is named it is asked for.")
        if given.get("deployment") and address:
            raise UserError("deployment: is for an endpoint that is named; an address leads to one already.")
        return cls(
            cases=read_cases(given.get("tests", ""), root, "tests"),
            platform=platform_of(given.get("platform", "")),
            endpoint=endpoint,
            address=address,
            key=given.get("key", ""),
            deployment=given.get("deployment", ""),
            ready_timeout=parse_duration(given.get("readyTimeout") or f"{READY_TIMEOUT:g}", "readyTimeout") or math.inf,
        )

    @property
    def kind(self) -> Kind:
        return _KINDS[self.platform]

    @property
    def subject(self) -> str:
        """What is tested, as people call it."""
        return self.endpoint or urlsplit(self.address).netloc.rpartition("@")[2]


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise UserError(f"address: {quoted(address)} is none: write it as https://host/score.")
    if "@" in parts.netloc:
        raise UserError("address: holds a user or password: give the key by the input key, from a secret variable.")
