"""What the sandbox serves and takes is what Microsoft has published, and what it calls unpublished is."""

from __future__ import annotations

import importlib
import json
import re
from functools import cache
from typing import Any

import pytest

from sandbox.devops.build import models as build_models
from sandbox.devops.distributedtask import models as task_models
from sandbox.devops.git import models as git_models
from sandbox.devops.routes import ROUTES
from sandbox.devops.test import models as test_models
from sandbox.wire import Wire
from tests.sandbox.services.http_client import SHARED

SPECS = SHARED / "specs" / "azure-devops-7.1"
EVENT_MEMBERS = {"taskId", "result", "outputVariables", "requestId"}  # in the examples, not in JobEvent's schema

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="the published documents are not beside this repository")

MODELS: list[tuple[str, str, type[Wire]]] = [
    ("test", "RunCreateModel", test_models.RunCreate),
    ("test", "RunUpdateModel", test_models.RunUpdate),
    ("test", "TestCaseResult", test_models.Result),
    ("test", "TestSubResult", test_models.SubResult),
    ("test", "TestAttachmentRequestModel", test_models.AttachmentRequest),
    ("test", "ShallowReference", test_models.ShallowReference),
    ("test", "PipelineReference", test_models.PipelineReference),
    ("test", "StageReference", test_models.StageReference),
    ("test", "PhaseReference", test_models.PhaseReference),
    ("test", "JobReference", test_models.JobReference),
    ("test", "BuildConfiguration", test_models.BuildConfiguration),
    ("test", "CustomTestField", test_models.CustomField),
    ("test", "TestTag", test_models.Tag),
    ("test", "IdentityRef", test_models.Identity),
    ("build", "Build", build_models.BuildUpdate),
    ("task", "TaskLog", task_models.LogRequest),
    ("task", "TimelineRecordFeedLinesWrapper", task_models.FeedLines),
    ("task", "TimelineRecord", task_models.RecordUpdate),
    ("task", "VssJsonCollectionWrapper", task_models.RecordUpdates),
    ("task", "JobEvent", task_models.JobEvent),
    ("git", "Comment", git_models.NewComment),
    ("git", "Comment", git_models.CommentUpdate),
    ("git", "GitPullRequestCommentThread", git_models.NewThread),
    ("git", "GitPullRequestCommentThread", git_models.ThreadUpdate),
    ("git", "GitPullRequestStatus", git_models.NewStatus),
    ("git", "GitStatusContext", git_models.StatusContext),
]


@cache
def document(name: str) -> dict[str, Any]:
    return json.loads((SPECS / f"{name}.json").read_text(encoding="utf-8-sig"))  # type: ignore[no-any-return]


def properties(definitions: dict[str, Any], name: str) -> set[str]:
    schema = definitions.get(name, {})
    bases = [base["$ref"].rsplit("/", 1)[-1] for base in schema.get("allOf", []) if "$ref" in base]
    return set(schema.get("properties", {})).union(*(properties(definitions, base) for base in bases))


@cache
def operations() -> list[tuple[str, re.Pattern[str]]]:
    """Method and path, from the organization on, of every published operation."""
    found = []
    for file in SPECS.glob("*.json"):
        for table in ("paths", "x-ms-paths"):
            for path, methods in document(file.stem).get(table, {}).items():
                plain = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path.split("?")[0].removeprefix("/{organization}/")))
                found += [(method.upper(), re.compile(plain, re.IGNORECASE)) for method in methods]
    return found


@pytest.mark.parametrize(("area", "name", "model"), MODELS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_member_that_is_taken_is_published(area: str, name: str, model: type[Wire]) -> None:
    published = properties(document(area)["definitions"], name) | (EVENT_MEMBERS if name == "JobEvent" else set())

    assert {field.alias for field in model.model_fields.values()} <= published


def test_every_model_of_a_request_is_compared() -> None:
    """A new shape cannot be forgotten above."""
    modules = (test_models, build_models, task_models, git_models)
    shapes = {
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Wire) and each is not Wire
    }

    assert shapes == {model for _, _, model in MODELS}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_route_is_published_or_says_that_it_is_not(route: Any) -> None:
    sample = re.sub(r"\{\*?\w+\}", "x", route.path)
    published = any(method == route.method and pattern.fullmatch(sample) for method, pattern in operations())

    is_number = "/approvals" in route.path  # what stands there would be the number of a pipeline
    assert route.published is (published and not is_number)


def test_locations_are_those_that_the_sdk_looks_up() -> None:
    """With the resource version that it sends."""
    sources = [
        "build.build_client",
        "core.core_client",
        "git.git_client_base",
        "location.location_client",
        "release.release_client",
        "task.task_client",
        "test.test_client",
    ]
    calls: dict[str, set[int]] = {}
    for name in sources:
        module = importlib.import_module(f"azure.devops.v7_1.{name}")
        text = open(str(module.__file__), encoding="utf-8").read()  # noqa: SIM115, PTH123
        for id_, version in re.findall(r"location_id='([^']+)',\s+version='7\.1-preview\.(\d+)'", text):
            calls.setdefault(id_, set()).add(int(version))
    only_net = {  # feed, events, approvals
        "858983e4-19bd-4c5e-864c-507b59b58b12",
        "557624af-b29e-4c20-8ab0-0399d2204f3f",
        "37794717-f36f-4d78-b2bf-4dc30d0cfbcd",
    }

    for location in {route.location for route in ROUTES}:
        assert location.id in only_net or location.version in calls[location.id], location
