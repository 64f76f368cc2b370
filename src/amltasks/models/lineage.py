"""Tags that say where a model comes from, within what Azure ML takes, and what can be read of them again.

amltasks.collection, project, pipeline, definition, build, buildNumber, commit, repository, branch, pullRequest,
stage, phase, job, step        the step that registered it
amltasks.runId                 the run that it was made by
amltasks.notebook, parameterSet, parameters     the notebook, and its parameters as JSON
amltasks.data                  versions of data, as JSON
amltasks.environment           the lock or conda file and its hash
amltasks.hash                  of the model's content
amltasks.verdict, champion, override            what the gate said, of which model, and why that did not count
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from amltasks.data import Data
from amltasks.platforms.registry import Model

PREFIX = "amltasks."
HASH, RUN_ID, VERDICT, OVERRIDE, CHAMPION = (
    f"{PREFIX}{name}" for name in ("hash", "runId", "verdict", "override", "champion")
)
BUILD, BUILD_NUMBER, COMMIT = (f"{PREFIX}{name}" for name in ("build", "buildNumber", "commit"))
# https://learn.microsoft.com/azure/machine-learning/resource-limits-capacity
_STEP = ("collection", "project", "definition", "build", "stage", "phase", "job", "step")
MOST_TAGS, LONGEST_NAME, LONGEST_VALUE = 50, 100, 1000


class Lineage(Data):
    """build: what is known of the step, by names as above. environment: `path@sha256:…`."""

    build: dict[str, str] = {}
    run: str = ""
    notebook: str = ""
    parameter_set: str = ""
    parameters: dict[str, Any] = {}
    data: dict[str, str] = {}
    environment: str = ""
    hash: str = ""
    verdict: str = ""
    champion: str = ""
    override: str = ""

    def tags(self) -> dict[str, str]:
        """What is empty is left out, what is too long is cut."""
        said = {
            **self.build,
            "runId": self.run,
            "notebook": self.notebook,
            "parameterSet": self.parameter_set,
            "parameters": _as_json(self.parameters),
            "data": _as_json(self.data),
            "environment": self.environment,
            "hash": self.hash,
            "verdict": self.verdict,
            "champion": self.champion,
            "override": self.override,
        }
        return {f"{PREFIX}{name}": _cut(value) for name, value in said.items() if value}

    def key(self, model: str) -> str:
        """The same for every try of this step of this build with this content; of its own outside of builds."""
        if not self.build.get("build"):
            return secrets.token_hex(10)
        identity = json.dumps([[self.build.get(name, "") for name in _STEP], model, self.hash])
        return hashlib.sha256(identity.encode()).hexdigest()[:20]


def origin_of(model: Model) -> dict[str, str]:
    """The chain of a model as name → what its tags say, from the run to the data; without what is not known."""
    return origin_in(model.tags, model.run)


def origin_in(tags: Mapping[str, str], run: str = "") -> dict[str, str]:
    """The same of a model that is not registered, or not yet."""
    said = {name.removeprefix(PREFIX): value for name, value in tags.items() if name.startswith(PREFIX)}
    said["runId"] = run or said.get("runId", "")
    return {words: said[name] for name, words in _WORDS.items() if said.get(name)}


_WORDS = {
    "runId": "Run",
    "notebook": "Notebook",
    "parameterSet": "Parameter set",
    "parameters": "Parameters",
    "pipeline": "Pipeline",
    "buildNumber": "Build",
    "build": "Build id",
    "step": "Step",
    "repository": "Repository",
    "branch": "Branch",
    "commit": "Commit",
    "pullRequest": "Pull request",
    "data": "Data",
    "environment": "Environment",
    "hash": "Content",
    "verdict": "Gate",
    "champion": "Compared with",
    "override": "Overridden",
}


def _as_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, default=str) if value else ""


def _cut(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"
