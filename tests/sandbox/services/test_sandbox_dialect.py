"""What browsers' clients are answered: CORS, the dialect of their JSON, and what scopes allow."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox.devops.build.documents import Build
from sandbox.devops.dialect import Dialect
from sandbox.devops.enumerations import MEMBERS
from sandbox.faults import Fault
from sandbox.routing import Location
from sandbox.server import Server
from sandbox.wire import Answer, ServiceError
from sandbox.world import World
from tests.sandbox.services.test_sandbox_documents import SPECS, document

DIALECT = (
    "application/json;api-version=7.2-preview.2;excludeUrls=true;enumsAsNumbers=true;msDateFormat=true;noArrayWrap=true"
)
ASKED = "accept,authorization,content-type,x-tfs-fedauthredirect,x-tfs-session,x-vss-reauthenticationaction"
NUMBERS = Dialect(enums_as_numbers=True)


@pytest.fixture
def ask(world: World, server: Server) -> Any:
    """A request by a page of an opaque origin, as the client sends it."""

    def get(path: str, scopes: tuple[str, ...] = ("vso.build",), accept: str = DIALECT, **headers: str) -> Any:
        token = world.tokens.issue("me", scopes=scopes)
        about = {"Accept": accept, "Origin": "null", "X-TFS-FedAuthRedirect": "Suppress", **headers}
        about["Authorization"] = f"Bearer {token}"
        return requests.get(f"{server.collection_url}demo/_apis/{path}", headers=about, timeout=30)

    return get


def test_a_preflight_is_answered_without_a_token(server: Server) -> None:
    headers = {"Origin": "null", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": ASKED}
    answer = requests.options(f"{server.collection_url}demo/_apis/build/builds", headers=headers, timeout=30)

    allowed = {name.strip() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert set(ASKED.split(",")) <= allowed


def test_answers_refusals_and_faults_can_be_read_by_any_origin(world: World, ask: Any, build: Build) -> None:
    answers = [ask(f"build/builds/{build.id}"), ask("build/builds/9"), ask("build/builds", scopes=())]
    world.faults.add(Fault(status=503))
    answers.append(ask("build/builds"))

    assert [answer.status_code for answer in answers] == [200, 404, 401, 503]
    assert {answer.headers.get("Access-Control-Allow-Origin") for answer in answers} == {"*"}


def test_pages_of_the_sandbox_cannot_be_read_by_others(server: Server, build: Build) -> None:
    answer = requests.get(f"{server.base_url}/builds/{build.id}", headers={"Origin": "null"}, timeout=30)

    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_lists_are_bare_and_dates_are_written_as_the_client_looks_for_them(ask: Any, build: Build) -> None:
    answer = ask("build/builds")
    milliseconds = int(build.queue_time.timestamp() * 1000)

    assert isinstance(answer.json(), list)
    assert f'"queueTime": "\\/Date({milliseconds})\\/"' in answer.text
    assert "url" not in answer.json()[0]


def test_each_part_of_the_dialect_is_asked_for_by_itself(ask: Any, build: Build) -> None:
    body = ask("build/builds", accept="application/json;api-version=7.1;enumsAsNumbers=true").json()

    assert body["count"] == 1
    assert body["value"][0]["status"] == 1
    assert body["value"][0]["queueTime"].startswith("20")


def test_a_word_without_a_number_is_refused_and_no_text_is_taken_for_one() -> None:
    builds = Location("", "build", "Builds", "")
    said = NUMBERS.spoken(Answer({"status": "completed", "repository": {"type": "TfsGit"}}), builds)

    assert said.body == b'{"status": 2, "repository": {"type": "TfsGit"}}'
    with pytest.raises(ServiceError, match="no number for status 'odd'"):
        NUMBERS.spoken(Answer({"status": "odd"}), builds)
    with pytest.raises(ServiceError, match="enumerations of git/repositories"):
        NUMBERS.spoken(Answer({}), Location("", "git", "repositories", ""))


def test_a_text_that_looks_like_a_date_stays_a_text() -> None:
    spoken = Dialect(ms_date_format=True).spoken(
        Answer({"startTime": "2026-01-02T03:04:05Z", "buildNumber": "2026-01-02T03:04:05Z", "note": "/Date(1)/"}),
        Location("", "build", "Builds", ""),
    )

    assert spoken.body.decode() == (
        '{"startTime": "\\/Date(1767323045000)\\/", "buildNumber": "2026-01-02T03:04:05Z", "note": "/Date(1)/"}'
    )


@pytest.mark.skipif(not SPECS.is_dir(), reason="the published documents are not beside this repository")
@pytest.mark.parametrize(
    ("area", "resource", "model"),
    [
        ("build", "builds", "Build"),
        ("build", "definitions", "BuildDefinition"),
        ("build", "timeline", "Timeline"),
        ("test", "runs", "TestRun"),
        ("test", "results", "TestCaseResult"),
        ("test", "attachments", "TestAttachment"),
        ("release", "releases", "Release"),
    ],
)
def test_members_with_numbers_are_enumerations_of_the_published_documents(area: str, resource: str, model: str) -> None:
    definitions = document(area)["definitions"]

    def check(members: Any, name: str, seen: tuple[str, ...]) -> None:
        published = _members(definitions, name)
        for member, known in members.items():
            schema = published[member]
            schema = schema.get("items", schema)
            if any(isinstance(value, int) for value in known.values()):
                assert {word.lower() for word in known} <= {word.lower() for word in schema["enum"]} | {"abandoned"}
            elif member not in seen:
                check(known, schema["$ref"].rpartition("/")[2], (*seen, member))

    check(MEMBERS[area, resource], model, ())


def _members(definitions: Any, name: str) -> dict[str, Any]:
    schema = definitions[name]
    found = dict(schema.get("properties", {}))
    for base in schema.get("allOf", []):
        if "$ref" in base:
            found |= _members(definitions, base["$ref"].rpartition("/")[2])
    return found


@pytest.mark.parametrize(
    ("path", "scopes", "status"),
    [
        ("build/builds", ("vso.build",), 200),
        ("build/builds", ("vso.build_execute",), 200),
        ("build/builds", ("vso.test",), 401),
        ("test/runs", ("vso.test",), 200),
        ("test/runs", ("vso.build",), 401),
        ("release/releases", ("vso.release",), 200),
        ("release/releases", ("vso.build", "vso.test"), 401),
        ("git/repositories", ("vso.build", "vso.test", "vso.release"), 401),
    ],
)
def test_a_token_reads_what_its_scopes_name(
    ask: Any, build: Build, path: str, scopes: tuple[str, ...], status: int
) -> None:
    assert ask(path, scopes).status_code == status
