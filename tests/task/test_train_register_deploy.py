"""examples/train-register-deploy: good, worse, broken and slow commits, while somebody depends on the endpoint.

REQUIREMENTS 2.17–2.19, 2.24, 2.26, 2.28, 3.14, 4.9–4.13.
"""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import pytest
import requests

from amltasks.platforms.local.serving.endpoints import LocalEndpoints
from sandbox.agent.azure import connect_azure
from sandbox.agent.endpoints import Endpoint
from sandbox.azure.services.scoring import address_of
from sandbox.proxy import proxy_environment
from tests.notebooks.running import ROOT, notebook_python
from tests.task.pipelines import Published, Site

EXAMPLE = "examples/train-register-deploy"
PROD = "diabetes-prod"
PATIENT = {"data": [[59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87]]}
pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


Access: TypeAlias = tuple[str, Mapping[str, str], Mapping[str, Any]]


class Client:
    """Somebody who keeps asking an endpoint, on one connection and on new ones in turn, and counts what comes back."""

    def __init__(self, address: str, headers: Mapping[str, str], options: Mapping[str, Any]) -> None:
        self.answers: Counter[str] = Counter()
        self._address, self._headers, self._options = address, headers, options
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Client:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        kept = requests.Session()
        while not self._over.is_set():
            for session in (kept, requests.Session()):
                try:
                    answer = session.post(
                        self._address, json=PATIENT, headers=self._headers, timeout=60, **self._options
                    )
                    self.answers[str(answer.status_code)] += 1
                except requests.RequestException as error:
                    self.answers[type(error).__name__] += 1
            self._over.wait(0.1)


class Team:
    """A repository of the example, whose commits go through its pipeline."""

    def __init__(self, site: Site, platform: str, endpoints: tuple[Endpoint, ...]) -> None:
        self.site = site
        self.platform = platform
        self.endpoints = endpoints
        self.folder = site.repository / EXAMPLE
        shutil.copytree(ROOT / EXAMPLE, self.folder)
        # The notebook's libraries are there already.
        pipeline = self.folder / "azure-pipelines.yml"
        text = pipeline.read_text().replace("$(Pipeline.Workspace)/venv/bin/python", notebook_python())
        begin, end = (
            text.index("          - ${{ if eq(parameters.platform, 'agent') }}:\n"),
            text.index("          - task: Run"),
        )
        pipeline.write_text(text[:begin] + text[end:])

    def change(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def push(self) -> Published:
        return self.site.run_file(
            f"{EXAMPLE}/azure-pipelines.yml",
            parameters={"platform": self.platform},
            endpoints=self.endpoints,
            approvals={"prod": "approve"},
        )


@pytest.mark.parametrize("platform", ["agent", "azureml", "azureml-v1"])
def test_a_worse_a_broken_and_a_slow_commit_are_stopped_and_nobody_notices(
    new_site: Callable[[], Site], platform: str
) -> None:
    site = new_site()
    team = Team(site, platform, ())
    if platform != "agent":
        team.endpoints = (connect_azure(site.world),)
        site.environment |= proxy_environment(site.world, site.folder)

    first = team.push()
    assert first.result.result == "succeeded", str(first)
    assert stages(first) == {"CI": "succeeded", "Train": "succeeded", "QA": "succeeded", "Prod": "succeeded"}

    with Client(*ACCESS[platform](site)) as client:
        team.change("train.ipynb", "alpha = 1.0", "alpha = 10000.0")
        worse = team.push()
        team.change("train.ipynb", "alpha = 10000.0", "alpha = 1.0")
        team.change("score/score.py", "import joblib", "import joblib, not_there")
        broken = team.push()
        team.change("score/score.py", "import joblib, not_there", "import joblib, time")
        team.change("score/score.py", "    predicted =", "    time.sleep(1.2)\n    predicted =")
        slow = team.push()
        team.change("score/score.py", "    time.sleep(1.2)\n", "")
        good = team.push()

    assert stages(worse) == {"CI": "succeeded", "Train": "succeeded", "QA": "skipped", "Prod": "skipped"}, str(worse)
    assert "worse" in "\n".join(worse.log("Register, if it is better")), str(worse)
    assert stages(broken) == {"CI": "succeeded", "Train": "succeeded", "QA": "failed", "Prod": "skipped"}, str(broken)
    assert "not_there" in broken.errors("Deploy to diabetes-qa")[0]
    assert stages(slow) == {"CI": "succeeded", "Train": "succeeded", "QA": "succeeded", "Prod": "failed"}, str(slow)
    assert "p95" in slow.errors("Deploy to diabetes-prod")[0]
    assert good.result.result == "succeeded", str(good)
    assert set(client.answers) == {"200"}, client.answers
    assert client.answers["200"] > 100


def stages(ran: Published) -> dict[str, str | None]:
    return {record.ref_name: record.result for record in ran.result.records if record.type == "Stage"}


def local_access(site: Site) -> Access:
    endpoints = LocalEndpoints(site.folder / "agent" / "amltasks")
    endpoints.open()
    access = endpoints.access(PROD)
    endpoints.close()
    return access.address, access.headers, {}


def online_access(site: Site) -> Access:
    endpoints = site.world.azure.onlineendpoints
    endpoint = endpoints.named(PROD)
    assert endpoint is not None
    return endpoint.properties["scoringUri"], _bearer(endpoints.keys.of(endpoint).primary), _through_the_proxy(site)


def service_access(site: Site) -> Access:
    azure = site.world.azure
    (workspace,) = azure.workspaces.all()
    service = azure.services.find(workspace, PROD)
    assert service is not None
    address = address_of(azure, workspace, service, service.asked)
    return f"{address}/score", _bearer(service.keys[0]), _through_the_proxy(site)


ACCESS = {"agent": local_access, "azureml": online_access, "azureml-v1": service_access}


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _through_the_proxy(site: Site) -> dict[str, Any]:
    proxies = {scheme: site.environment[f"{scheme.upper()}_PROXY"] for scheme in ("http", "https")}
    return {"proxies": proxies, "verify": site.environment["REQUESTS_CA_BUNDLE"]}
