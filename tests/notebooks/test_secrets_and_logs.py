"""Hostile notebooks h2 and h5, run for real: what they leave on disk and what the agent's log would hold."""

from __future__ import annotations

import base64
import codecs
import html
import io
import json
import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from amltasks.agent.output import Output
from amltasks.platforms.base import NotebookRun
from amltasks.redaction import Redactor
from amltasks.report.model import Outcome
from amltasks.report.pipeline_log import PipelineLog
from tests.notebooks.running import Ran, run_notebook
from tests.unit.report_logs.course import report

SECRETS = {"awkward": "S3cr3t+/=pa ss&w\u00f6rd\"'<%>\\end", "ordinary": "qX7rTz2LmN9v"}


def written_forms(secret: str) -> Iterator[str]:
    data = secret.encode()
    yield from (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], secret[::-1], secret.upper(), html.escape(secret))
    yield from (codecs.encode(secret, "rot13"), data.hex(), data.hex().upper(), str(list(data))[1:-1])
    yield from (urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret))
    for offset in range(3):
        yield base64.b64encode(b"u" * offset + data).decode()[4:-4]
    yield "".join(f"&#{ord(character)};" for character in secret)


def left_behind(ran: Ran, log: str) -> dict[str, str]:
    """Every text that leaves the machine: name → content."""
    assert ran.result.folder is not None
    files = [path for path in ran.result.folder.rglob("*") if path.is_file()]
    texts = {str(path.relative_to(ran.result.folder)): path.read_text("utf-8", "replace") for path in files}
    read = {name: json.dumps(json.loads(text), ensure_ascii=False) for name, text in texts.items() if "ipynb" in name}
    texts |= {f"{name} read": text for name, text in read.items()}
    events = "\n".join(event.model_dump_json() for event in ran.events)
    return {**texts, "events": events, "result": ran.result.model_dump_json(), "log": log, "names": "\n".join(texts)}


def log_of(run: NotebookRun, ran: Ran, redactor: Redactor) -> str:
    """What the agent's log holds of a run that went like this."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n")
    publisher = PipelineLog(Output(stream, redactor))
    publisher.begin("Notebooks", [run])
    for event in ran.events:
        publisher.event(run, event)
    publisher.finished(run, ran.result)
    publisher.complete(report(ran.result))
    stream.seek(0)
    return stream.read()


def as_run(source: Path, folder: Path) -> NotebookRun:
    return NotebookRun(run_id="run", source=source, notebook=source.name, working_directory=folder, folder=folder)


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_secret_leaves_by_none_of_the_ways_that_h5_tries(secret: str, hostile: Path, tmp_path: Path) -> None:
    """Requirement 0.32; the failing cell has it in its message, too."""
    source = hostile / "h5_secrets.ipynb"
    work = tmp_path / "work"
    work.mkdir()

    ran = run_notebook(
        source,
        tmp_path,
        working_directory=work,
        parameters={"fail": True},
        environment={"HOSTILE_SECRET": secret},
        secrets={"hostile": secret, "absent": "aN0ther-one"},
    )

    assert ran.result.outcome is Outcome.FAILED
    assert ran.result.leaks == ("hostile",)
    log = log_of(as_run(source, tmp_path), ran, Redactor({}))
    texts = left_behind(ran, log)
    assert {"executed.ipynb", "console.log"} <= texts.keys()
    for name, text in texts.items():
        squeezed = re.sub(r"\x1b\[[0-9;]*m|\\n|[\s\u200b\\]", "", text)
        for form in written_forms(secret):
            assert form not in text, (name, form)
            assert re.sub(r"[\s\\]", "", form) not in squeezed, (name, form)
    assert "could not connect with Server=x;Password=***" in log


def test_nothing_that_h2_prints_acts_in_the_log(hostile: Path, tmp_path: Path) -> None:
    """Output, error, titles, inherited and stolen file descriptors."""
    source = hostile / "h2_log_injection.ipynb"
    work = tmp_path / "work"
    work.mkdir()

    ran = run_notebook(source, tmp_path, working_directory=work)

    assert ran.result.outcome is Outcome.FAILED
    log = log_of(as_run(source, tmp_path), ran, Redactor({}))
    ours = re.compile(
        r"^(##\[(section|group|endgroup)\]|##vso\[task\.(setprogress value=\d+|logissue type=error;[^\]]*)\])"
    )
    foreign = [ours.sub("", line) for line in log.split("\n")]
    assert not [line for line in foreign if re.search(r"##(vso)?\[", line, re.IGNORECASE)]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e\u200b]", log)
    assert "##_vso[task.setvariable variable=pwned_var" in log
    # Of a child, past Python. The agent's log has 200 lines a second, so these may be among those left out of it.
    assert "pwned_child" in ran.log
    assert "pwned_child" in ran.output(4)
