"""Steps of EnsureCompute, in main part and in the part after the job's steps."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import Any

from tests.azureml.cloud import Azure
from tests.azureml.places import Places

TASK = "amltasks.commands.ensure_compute_task"
_STATE = re.compile(r"##vso\[task\.settaskvariable variable=amltasks[^\]]*\](.*)")


@dataclass(frozen=True)
class Step:
    """A step that is over. state: what it has left for its part after the job's steps."""

    code: int
    log: str

    @property
    def state(self) -> str:
        found = _STATE.search(self.log)
        return found[1].strip() if found else ""

    @property
    def warnings(self) -> list[str]:
        return re.findall(r"##vso\[task\.logissue type=warning[^\]]*\](.*)", self.log)

    @property
    def error(self) -> str:
        (found,) = re.findall(r"##vso\[task\.logissue type=error[^\]]*\](.*)", self.log)
        return str(found)

    def variable(self, name: str) -> str:
        (line,) = (line for line in self.log.splitlines() if f"variable={name};" in line)
        return line.partition("]")[2]


@dataclass
class Ensuring:
    """Steps of builds of one workspace, all in one process; but for those that `start` starts."""

    places: Places
    platform: str

    @property
    def azure(self) -> Azure:
        return self.places.azure

    def job(self, compute: str, state: str, build: str, inputs: dict[str, str]) -> dict[str, Any]:
        job: dict[str, Any] = self.azure.job(
            self.azure.folder, {**inputs, "compute": compute, "platform": self.platform}
        )
        job["task"]["name"] = "EnsureCompute"
        job["variables"]["Build.BuildId"] = build
        return {**job, "phase": "post" if state else "main", "state": state}

    def start(self, compute: str, **inputs: str) -> subprocess.Popen[str]:
        return self.azure.start(self.job(compute, "", "42", inputs))

    def run(self, compute: str, *, state: str = "", build: str = "42", **inputs: str) -> Step:
        """state: of a step's main part, for the part after the job's steps."""
        question = {"carry_out": TASK, "job": self.job(compute, state, build, inputs)}
        return Step(**self.places.ask(question)["answer"])

    def names(self) -> list[str]:
        """Of the workspace's computes."""
        return sorted(each.name for each in self.azure.world.azure.computes.all(self.workspace))

    def of(self, name: str) -> dict[str, Any]:
        """A cluster's own properties, as the service keeps them."""
        found = self.azure.world.azure.computes.find(self.workspace, name)
        assert found is not None
        inner: dict[str, Any] = found.properties["properties"]
        return inner

    @property
    def workspace(self) -> Any:
        return self.azure.world.azure.workspaces.all()[0]
