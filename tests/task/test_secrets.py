"""Secrets that notebooks print by every way: found in nothing that the task wrote, sent or logged."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.notebooks.running import SHARED, code
from tests.notebooks.test_secrets_and_logs import SECRETS, written_forms
from tests.task.pipelines import Published, Site, script, task

pytestmark = pytest.mark.xdist_group("task secrets")

PEM = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----"
PRINTS_LINES = """\
    import os, base64, json
    pem = os.environ["PEM"]
    print(pem)
    print(json.dumps(pem), base64.b64encode(pem.encode()).decode())
    for line in pem.splitlines():
        print("line", line, base64.b64encode(line.encode()).decode())"""


@pytest.fixture(scope="session")
def ran(new_site: Callable[[], Site]) -> Published:
    """By secretParameters, by the step's env and the job's own token; then strictly; then where it must not be."""
    if not SHARED.is_dir():
        pytest.skip(f"the notebooks to test with are not here: {SHARED}")
    site = new_site()
    (site.repository / "h5.ipynb").write_bytes((SHARED / "hostile" / "h5_secrets.ipynb").read_bytes())
    site.notebook("pem.ipynb", PRINTS_LINES)
    site.notebook("one.ipynb", code("alpha = ''", "parameters"), "import os\nprint(os.environ['VIA_ENV'])")
    sets = [
        {"name": "parameter", "env": "BY_PARAMETER", "fail": True},
        {"name": "env", "env": "VIA_ENV", "fail": False},
        {"name": "token", "env": "SYSTEM_ACCESSTOKEN", "fail": True},
    ]
    by_env = {"VIA_ENV": "$(awkward)", "SYSTEM_ACCESSTOKEN": "$(System.AccessToken)", "PEM": "$(pem)"}
    return site.run(
        script('printf %s "$TOKEN" > token.txt', env={"TOKEN": "$(System.AccessToken)"}),
        task(
            "h5.ipynb",
            env=by_env,
            parameterSets=json.dumps(sets),
            secretParameters="BY_PARAMETER=$(ordinary)",
            publish="testResults, tab, summary, junit",
            failOn="none",
        ),
        task("pem.ipynb", name="pem", env=by_env, publish="testResults, tab, summary, junit"),
        one("strict", env=by_env, strictSecrets="true"),
        one("refused", parameters="alpha: $(ordinary)"),
        one("lines", secretParameters="KEY=$(pem)"),
        secrets={**SECRETS, "pem": PEM},
    )


def one(name: str, **given: Any) -> dict[str, Any]:
    return task("one.ipynb", name=name, displayName=name, continueOnError=True, **given)


@pytest.fixture(scope="session")
def left_behind(ran: Published) -> dict[str, bytes]:
    """All that the task wrote, sent and logged, by where it was found; attachments and JSON also as they are read."""
    work = ran.folder / "agent" / "_work"
    own = [path for path in work.rglob("*") if path.is_file() and not path.is_relative_to(work / "1" / "s")]
    found = {str(path.relative_to(work)): path.read_bytes() for path in own}
    for number, exchange in enumerate(ran.world.journal.exchanges):
        found[f"request {number} {exchange.method} {exchange.url}"] = exchange.model_dump_json().encode()
        if isinstance(exchange.request_body, dict) and "stream" in exchange.request_body:
            found[f"request {number}, its file"] = base64.b64decode(exchange.request_body["stream"])
    found["attached to the build"] = b"\n".join(
        content for kind in ("amltasks.notebooks", "Distributedtask.Core.Summary") for content in ran.tab(kind).values()
    )
    found["timeline"] = "\n".join(record.model_dump_json() for record in ran.result.records).encode()
    found["log"] = str(ran).encode()
    read = {
        f"{name}, read": json.dumps(json.loads(content), ensure_ascii=False).encode()
        for name, content in found.items()
        if name.endswith((".ipynb", ".json"))
    }
    pictured = {
        f"{name}, its texts": b"\n".join(png_texts(content)) for name, content in found.items() if name.endswith(".png")
    }
    assert pictured
    return {**found, **read, **pictured, "names": "\n".join(found).encode()}


def png_texts(content: bytes) -> Iterator[bytes]:
    """The text chunks of a picture, compressed ones unpacked."""
    position = 8
    while position < len(content):
        length = int.from_bytes(content[position : position + 4], "big")
        kind, data = content[position + 4 : position + 8], content[position + 8 : position + 8 + length]
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            yield data
            if kind != b"tEXt":
                _, _, packed = data.partition(b"\0")
                yield zlib.decompressobj().decompress(packed[1:])
        position += length + 12


def token_of(ran: Published) -> str:
    return (ran.folder / "agent" / "_work" / "1" / "s" / "token.txt").read_text().strip()


def places(text_forms: Iterator[str], left_behind: dict[str, bytes]) -> list[tuple[str, str]]:
    forms = set(text_forms)
    found = []
    for name, content in left_behind.items():
        text = content.decode("utf-8", "replace")
        squeezed = re.sub(r"\x1b\[[0-9;]*m|\\n|[\s\u200b\\]", "", text)
        found += [(name, form) for form in forms if form in text or re.sub(r"[\s\\]", "", form) in squeezed]
    return found


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_secret_is_nowhere_in_any_form(secret: str, ran: Published, left_behind: dict[str, bytes]) -> None:
    """Requirement 0.32."""
    assert places(written_forms(secret), left_behind) == []


def test_no_line_of_a_secret_of_several_lines_is_anywhere(ran: Published, left_behind: dict[str, bytes]) -> None:
    """Nor in the message about an input that it broke into lines."""
    for line in PEM.splitlines()[1:-1]:
        assert places(written_forms(line), left_behind) == []


def test_the_jobs_own_token_is_nowhere(ran: Published, left_behind: dict[str, bytes]) -> None:
    assert places(written_forms(token_of(ran)), left_behind) == []


def test_the_notebooks_did_print_and_are_told_apart_from_those_that_kept_silent(ran: Published) -> None:
    leaks = {result["parameterSet"]: result["leaks"] for result in ran.report()["results"]}

    assert leaks.keys() == {"parameter", "env", "token"}
    assert set(leaks["parameter"]) >= {"BY_PARAMETER"} or set(leaks["parameter"]) >= {"ordinary"}
    assert "awkward" in leaks["env"]
    assert "System.AccessToken" in leaks["token"]
    assert all("Secrets were taken out" in (result.comment or "") for result in ran.results(ran.test_runs[0]).values())


def test_the_search_finds_what_is_there_everywhere(left_behind: dict[str, bytes]) -> None:
    """Else it would prove nothing: the message that held the secret, in files, requests and the log."""
    found = {name for name, _ in places(iter(["could not connect with Server=x"]), left_behind)}

    assert {"log", "timeline", "attached to the build"} <= found
    for ending in ("executed.ipynb", "console.log", "results.json", "junit.xml", "summary.md", "index.json", ".html"):
        assert any(name.endswith(ending) for name in found), ending
    assert any(re.match(r"request \d+ POST .*/results", name, re.IGNORECASE) for name in found)
    assert any(name.endswith("its file") for name in found)


def test_what_is_no_secret_is_still_there(left_behind: dict[str, bytes]) -> None:
    (log,) = [content for name, content in left_behind.items() if "h5--env" in name and name.endswith("console.log")]

    assert b"plain: ***" in log
    assert "Server=x;Password=***" in left_behind["log"].decode()


def test_strict_secrets_fails_the_step(ran: Published) -> None:
    assert ran.verdicts["strict"] == "succeededWithIssues"
    assert ran.errors("strict") == ["strictSecrets: secrets were found in the outputs of one.ipynb."]


def test_a_secret_among_the_parameters_is_refused_with_what_to_do(ran: Published) -> None:
    (error,) = ran.errors("refused")

    assert error == (
        "parameters: alpha holds a secret, and parameters are saved in the notebook: "
        "pass it by secretParameters and read it from the environment."
    )


def test_a_secret_of_several_lines_in_secret_parameters_is_refused_in_one_sentence(ran: Published) -> None:
    (error,) = ran.errors("lines")

    assert error.startswith("secretParameters: ")
