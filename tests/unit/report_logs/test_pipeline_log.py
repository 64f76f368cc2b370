"""The report in the agent's log."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from amltasks.agent.output import Output
from amltasks.platforms.base import CellStarted, KernelStarted, Note, NotebookRun, OutputText
from amltasks.redaction import Redactor
from amltasks.report.cell_output import HEAD, TAIL
from amltasks.report.model import Outcome
from amltasks.report.pipeline_log import BUFFERED_LINES, PipelineLog
from tests.unit.report_logs.course import FAILED_BECAUSE, play, play_cell, report, result, run


class Log:
    """A log that is written, and what is in it so far."""

    def __init__(self, runs: Sequence[NotebookRun]) -> None:
        self._stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n")
        self.publisher = PipelineLog(Output(self._stream, Redactor({"password": "hunter22!"})))
        self.publisher.begin("Notebooks", runs)

    @property
    def lines(self) -> list[str]:
        position = self._stream.tell()
        self._stream.seek(0)
        lines = self._stream.read().splitlines()
        self._stream.seek(position)
        return lines

    def of(self, pattern: str) -> list[str]:
        return [line for line in self.lines if re.search(pattern, line)]

    def progress(self) -> list[int]:
        return [int(re.findall(r"value=(\d+)", line)[0]) for line in self.of(r"^##vso\[task.setprogress")]

    @property
    def unfolded(self) -> list[str]:
        """What is seen without opening a group."""
        seen, folded = [], False
        for line in self.lines:
            folded = (folded or line.startswith("##[group]")) and line != "##[endgroup]"
            if not folded and line != "##[endgroup]":
                seen.append(line)
        return seen


def test_a_notebook_is_one_folded_group_with_its_cells_and_their_output() -> None:
    one = run("one")
    log = Log([one])

    play(log.publisher, one)

    assert [line for line in log.lines if not line.startswith("##vso")] == [
        "##[section]Notebooks: 1 notebook",
        "##[group]notebooks/one.ipynb (1 of 1)",
        "kernel python3, 2 code cells",
        "[1/2] Prices: cell 1",
        "    output 1 of one-",
        "[1/2] passed in 0.25 s",
        "[2/2] Prices: cell 2",
        "    output 2 of one-",
        "[2/2] passed in 0.25 s",
        "##[endgroup]",
        "notebooks/one.ipynb: passed (2/2 cells, 12.0 s)",
    ]


def test_cells_are_seen_while_the_notebook_runs() -> None:
    one = run("one")
    log = Log([one])

    log.publisher.event(one, KernelStarted(kernel="python3", cells=2))
    log.publisher.event(one, CellStarted(position=1, number=1, title="Long training"))
    log.publisher.event(one, OutputText(text="epoch 1"))

    assert log.lines[-2:] == ["[1/2] Long training", "    epoch 1"]


def test_parallel_notebooks_never_interleave() -> None:
    """One is live; the others follow, each whole, when it has ended, and the next that runs goes live."""
    runs = [run("live"), run("slow"), run("quick")]
    log = Log(runs)
    for each in runs:
        log.publisher.event(each, KernelStarted(kernel="python3", cells=2))
    for each in reversed(runs):
        play_cell(log.publisher, each, 1, f"output of {each.run_id}")
    log.publisher.finished(runs[2], result(runs[2]))

    assert log.of("quick|slow") == log.of("^##vso.task.setprogress.*(quick|slow)")

    log.publisher.finished(runs[0], result(runs[0]))
    assert log.of(r"^##\[group|^notebooks") == [
        "##[group]notebooks/live.ipynb (1 of 3)",
        "notebooks/live.ipynb: passed (2/2 cells, 12.0 s)",
        "##[group]notebooks/quick.ipynb (3 of 3): passed",
        "notebooks/quick.ipynb: passed (2/2 cells, 12.0 s)",
        "##[group]notebooks/slow.ipynb (2 of 3)",
    ]

    play_cell(log.publisher, runs[1], 2, "now at once")
    assert "    now at once" in log.lines
    groups = "".join(line[3] for line in log.of(r"^##\[(group|endgroup)"))
    assert groups == "gegeg"


def test_a_failure_is_seen_without_unfolding() -> None:
    """Message as an error that leads to the file, source with line numbers, the end of the traceback."""
    one = run("one")
    log = Log([one])

    play(log.publisher, one, result(one, Outcome.FAILED))

    assert log.unfolded[-10:] == [
        "notebooks/one.ipynb: failed (2/2 cells, 12.0 s)",
        f"##vso[task.logissue type=error;sourcepath=notebooks/one.ipynb;linenumber=1]{FAILED_BECAUSE}",
        "      1 | import pandas as pd",
        "      2 | df['price']",
        "",
        "    Traceback (most recent call last)",
        "    ----> 2 df['price']",
        "    ",
        "    KeyError: 'price'",
        "",
    ]


def test_an_error_leads_to_the_line_of_its_cell(tmp_path: Path) -> None:
    """Cell 2 of the file, counted from 0."""
    source = tmp_path / "one.ipynb"
    cells = [{"cell_type": "code", "source": ['"cell_type": 1'] * number} for number in range(4)]
    source.write_text(json.dumps({"cells": cells}, indent=1), encoding="utf-8")
    one = run("one", source=source)
    log = Log([one])

    play(log.publisher, one, result(one, Outcome.FAILED))

    line = int(re.findall(r"linenumber=(\d+)", log.of("logissue")[0])[0])
    lines = source.read_text(encoding="utf-8").splitlines()
    assert '"cell_type": "code"' in lines[line - 1]
    assert sum('"cell_type": "code"' in before for before in lines[: line - 1]) == 2


def test_a_dead_kernel_is_told_with_what_is_known_of_its_death() -> None:
    one = run("one")
    death = {"signal": "SIGKILL", "peak_memory": 7_400_000_000, "last_output": "loading\nstill loading"}
    log = Log([one])

    play(log.publisher, one, result(one, Outcome.KERNEL_DIED, message="The kernel died.", kernel_death=death))

    assert log.unfolded[-6:-1] == [
        "    signal: SIGKILL",
        "    peak memory: 6.9 GiB",
        "    last output:",
        "    loading",
        "    still loading",
    ]


def test_a_notebook_that_never_ran_has_no_empty_group() -> None:
    one = run("one")
    log = Log([one])

    log.publisher.finished(one, result(one, Outcome.INVALID, message="It is not JSON.", cells=()))

    assert not log.of("group")
    assert log.of("logissue")[0].endswith("It is not JSON.")


@pytest.mark.parametrize(
    ("outcome", "expected", "words"),
    [
        (Outcome.FAILED, Outcome.FAILED, "failed, as expected"),
        (Outcome.PASSED, Outcome.FAILED, "passed, but expected: failed"),
    ],
)
def test_an_expected_failure_is_no_error_and_an_unexpected_pass_is_one(
    outcome: Outcome, expected: Outcome, words: str
) -> None:
    one = run("one")
    log = Log([one])

    play(log.publisher, one, result(one, outcome, expected_outcome=expected))

    assert log.of(f"^notebooks/one.ipynb: {words} ")
    assert len(log.of("type=error")) == (outcome is Outcome.PASSED)


def test_no_more_errors_than_the_agent_keeps() -> None:
    """The tenth stands for the rest; those not counted are red lines all the same."""
    runs = [run(f"n{number}") for number in range(25)]
    log = Log(runs)
    results = [result(each, Outcome.FAILED) for each in runs]

    for each, ended in zip(runs, results, strict=True):
        play(log.publisher, each, ended)
    log.publisher.complete(report(*results))

    assert len(log.of("logissue type=error")) == 10
    assert log.of("logissue type=error")[-1].endswith("]16 more notebooks have failed; the table above has them all.")
    assert len(log.of(r"^##\[error\]")) == 16


def test_exactly_ten_failures_are_ten_errors() -> None:
    runs = [run(f"n{number}") for number in range(10)]
    log = Log(runs)
    results = [result(each, Outcome.FAILED) for each in runs]

    for each, ended in zip(runs, results, strict=True):
        play(log.publisher, each, ended)
    log.publisher.complete(report(*results))

    assert len(log.of("logissue.*notebooks/n")) == 10


def test_notebooks_that_did_not_run_are_one_error_and_after_a_cancellation_none() -> None:
    runs = [run("a"), run("b")]
    results = [result(each, Outcome.NOT_RUN, message="Not started: the time was over.", cells=()) for each in runs]
    for cancelled in (False, True):
        log = Log(runs)
        for each, ended in zip(runs, results, strict=True):
            log.publisher.finished(each, ended)
        log.publisher.complete(report(*results, cancelled=cancelled))

        assert len(log.of("type=error")) == (not cancelled)
        assert cancelled or "2 notebooks did not run. Not started" in log.of("type=error")[0]


def test_progress_only_grows_and_ends_at_a_hundred() -> None:
    runs = [run(f"n{number}") for number in range(3)]
    log = Log(runs)

    for each in runs:
        play(log.publisher, each)

    told = log.progress()
    assert told == sorted(set(told))
    assert told[-1] == 100
    assert len(told) >= 6


def test_a_cell_that_floods_shows_its_beginning_and_end() -> None:
    one = run("one")
    log = Log([one])
    log.publisher.event(one, KernelStarted(kernel="python3", cells=1))

    play_cell(log.publisher, one, 1, "\n".join(f"line {number}" for number in range(1, 1001)))

    shown = log.of("^    line")
    assert shown[:HEAD] == [f"    line {number}" for number in range(1, HEAD + 1)]
    assert shown[HEAD:] == [f"    line {number}" for number in range(1001 - TAIL, 1001)]
    assert log.of("left out") == [f"    … {1000 - HEAD - TAIL} lines left out, console.log has them all …"]


def test_what_is_kept_of_notebooks_beside_the_live_one_is_bounded() -> None:
    runs = [run("live"), run("beside")]
    log = Log(runs)
    for each in runs:
        log.publisher.event(each, KernelStarted(kernel="python3", cells=5000))
    for number in range(1, 3001):
        play_cell(log.publisher, runs[1], number)
    for each in runs:
        log.publisher.finished(each, result(each))

    after = log.lines[log.lines.index("##[group]notebooks/beside.ipynb (2 of 2)") :]
    assert after[1] == f"… {6001 - BUFFERED_LINES:,} lines are not shown here …"
    assert len(after) < BUFFERED_LINES + 10


def test_the_end_has_a_table_what_was_not_published_and_where_the_rest_lies() -> None:
    runs = [run("good", "weak"), run("bad")]
    log = Log(runs)
    results = [result(runs[0]), result(runs[1], Outcome.FAILED)]
    for each, ended in zip(runs, results, strict=True):
        play(log.publisher, each, ended)
    before = len(log.lines)

    log.publisher.complete(report(*results, problems=["test run: 503"], links={"Results": "/a/results"}))

    assert log.lines[before:] == [
        "",
        "  passed  2/2  12.0 s  notebooks/good.ipynb [weak]",
        "  failed  2/2  12.0 s  notebooks/bad.ipynb",
        "",
        "##vso[task.logissue type=warning]test run: 503",
        "##[section]1 of 2 notebooks failed.",
        "  Results: /a/results",
    ]


def test_what_was_not_finished_is_written_when_all_is_over() -> None:
    one = run("one")
    log = Log([one])
    log.publisher.event(one, KernelStarted(kernel="python3", cells=2))

    log.publisher.complete(report())

    assert log.of(r"group\]") == ["##[group]notebooks/one.ipynb (1 of 1)", "##[endgroup]"]


def test_a_secret_found_is_a_warning_with_its_name() -> None:
    one = run("one")
    log = Log([one])

    play(log.publisher, one, result(one, leaks=["apiKey"]))

    assert log.of("type=warning")[0].endswith("Its outputs held secrets, which were taken out: apiKey.")


HOSTILE = "a\n##vso[task.complete result=Succeeded;]x\r##[endgroup]\x1b[2J hunter22! \u2028##vso[task.setsecret]y"


@pytest.mark.parametrize(
    "place",
    [
        lambda log, one: log.event(one, OutputText(text=HOSTILE)),
        lambda log, one: log.event(one, Note(text=HOSTILE)),
        lambda log, one: log.event(one, KernelStarted(kernel=HOSTILE, cells=1)),
        lambda log, one: log.event(one, CellStarted(position=0, number=1, title=HOSTILE)),
        lambda log, one: log.finished(
            one, result(one, Outcome.FAILED, message=HOSTILE, notes=[HOSTILE], leaks=[HOSTILE])
        ),
        lambda log, one: log.complete(
            report(result(one, notebook=HOSTILE), problems=[HOSTILE], links={HOSTILE: HOSTILE})
        ),
    ],
    ids=["output", "note", "kernel", "title", "result", "report"],
)
def test_no_text_becomes_a_command_or_shows_a_secret(place: Callable[[PipelineLog, NotebookRun], None]) -> None:
    """Also in the names of the notebook and its parameter set."""
    one = run(HOSTILE, HOSTILE)
    log = Log([one])
    log.publisher.event(one, KernelStarted(kernel="python3", cells=1))

    place(log.publisher, one)
    if not log.of(r"^##\[endgroup"):
        log.publisher.finished(one, result(one))

    ours = re.compile(r"^(##\[(section|group|endgroup)\]|##vso\[task\.(setprogress value|logissue type)=)")
    foreign = [ours.sub("", line) for line in log.lines]
    assert not [line for line in foreign if re.search(r"##(vso)?\[", line, re.IGNORECASE)]
    assert not log.of("hunter22|\x1b|\r|\u2028")
    assert len(log.of(r"^##\[endgroup\]")) == 1
