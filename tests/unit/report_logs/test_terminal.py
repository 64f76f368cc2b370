"""The report on a terminal and where there is none."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from rich.console import Console

from amltasks.platforms.base import KernelStarted
from amltasks.report.model import Outcome
from amltasks.report.terminal import Terminal
from tests.unit.report_logs.course import FAILED_BECAUSE, play, report, result, run

ROOT = Path(__file__).resolve().parents[3]


def plain(*names: str, **outcomes: Outcome) -> str:
    """What a file would hold after these notebooks."""
    stream = io.StringIO()
    terminal = Terminal(Console(file=stream, width=200, highlight=False))
    runs = [run(name) for name in (*names, *outcomes)]
    results = [result(each, outcomes.get(each.run_id.rstrip("-"), Outcome.PASSED)) for each in runs]
    terminal.begin("Notebooks", runs)
    for each, ended in zip(runs, results, strict=True):
        play(terminal, each, ended)
    terminal.complete(report(*results, problems=["test run: 503"], links={"Results": "/a/results"}))
    return stream.getvalue()


def test_without_a_terminal_there_are_plain_lines() -> None:
    """Start, end and failure of each notebook, then the table; no control character."""
    written = plain("good", bad=Outcome.FAILED)

    assert [line.rstrip() for line in written.splitlines()] == [
        "Notebooks: 2 notebooks",
        "running  notebooks/good.ipynb",
        "passed  notebooks/good.ipynb  (2/2 cells, 12.0 s)",
        "running  notebooks/bad.ipynb",
        "failed  notebooks/bad.ipynb  (2/2 cells, 12.0 s)",
        f"  {FAILED_BECAUSE}",
        "",
        "    1 import pandas as pd",
        "    2 df['price']",
        "",
        "  Traceback (most recent call last)",
        "  ----> 2 df['price']",
        "",
        "  KeyError: 'price'",
        "",
        "",
        "passed  2/2  12.0 s  notebooks/good.ipynb",
        "failed  2/2  12.0 s  notebooks/bad.ipynb",
        "",
        "not published: test run: 503",
        "1 of 2 notebooks failed.",
        "Results: /a/results",
    ]


def test_markup_and_controls_in_names_and_messages_are_text() -> None:
    stream = io.StringIO()
    terminal = Terminal(Console(file=stream, width=200, highlight=False))
    hostile = "[bold red]x[/] \x1b[2J\x1b]0;pwned\x07 a\nb"
    one = run(hostile)
    ended = result(one, Outcome.FAILED, message=hostile, notes=[hostile], leaks=[hostile])

    terminal.begin(hostile, [one])
    terminal.event(one, KernelStarted(kernel=hostile, cells=1))
    terminal.finished(one, ended)
    terminal.complete(report(ended, links={hostile: hostile}))

    assert "\x1b" not in stream.getvalue()
    assert "pwned" not in stream.getvalue()
    assert stream.getvalue().count("[bold red]x[/] a b") >= 6


def test_an_encoding_that_lacks_a_character_stops_nothing() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    one = run("データ")

    terminal = Terminal(Console(file=stream, width=200, highlight=False))
    terminal.begin("Notebooks", [one])
    play(terminal, one)
    terminal.complete(report(result(one)))

    stream.seek(0)
    assert "passed  notebooks/???.ipynb" in stream.read()


PROGRAM = textwrap.dedent("""
    import sys, time
    sys.path.insert(0, {here!r})
    from tests.unit.report_logs.course import play_cell, report, result, run
    from amltasks.platforms.base import KernelStarted
    from amltasks.report.model import Outcome
    from amltasks.report.terminal import Terminal

    terminal, runs = Terminal(), [run("good", "weak"), run("bad"), run("waits")]
    terminal.begin("Notebooks", runs)
    for each in runs[:2]:
        terminal.event(each, KernelStarted(kernel="python3", cells=4))
        play_cell(terminal, each, 1)
    time.sleep(1.5)  # the view is drawn several times in a second
    {then}
    terminal.finished(runs[1], result(runs[1], Outcome.FAILED))
    terminal.finished(runs[0], result(runs[0]))
    terminal.complete(report(result(runs[0]), result(runs[1], Outcome.FAILED)))
""")


def on_a_terminal(then: str = "", **environment: str) -> str:
    """Everything that a program of its own writes to a real pseudo-terminal."""
    import pty

    ours, theirs = pty.openpty()
    program = PROGRAM.format(here=str(ROOT), then=then)
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "CI")}
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**clean, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40", **environment},
    )
    os.close(theirs)
    written = b""
    try:
        while chunk := os.read(ours, 65536):
            written += chunk
    except OSError:  # Linux says so when the other end is closed
        pass
    finally:
        os.close(ours)
        child.wait(60)
    return written.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals of POSIX")
class TestOnATerminal:
    def test_running_notebooks_are_shown_with_their_cells_and_failures_in_colour(self) -> None:
        """The live view is gone at the end; the cursor is back."""
        written = on_a_terminal()

        assert "notebooks/good.ipynb [weak]" in written
        assert "1/4" in written
        assert "0 of 3 done, 1 waiting" in written
        assert "\x1b[1;31mfailed\x1b[0m" in written
        assert "KeyError: 'price'" in written
        assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
        assert "waiting" not in written[written.rindex("\x1b[?25h") :]

    def test_colours_are_left_out_when_asked(self) -> None:
        written = on_a_terminal(NO_COLOR="1")

        assert "\x1b[1;31m" not in written
        assert "\x1b[31m" not in written

    def test_a_terminal_that_cannot_move_its_cursor_gets_lines(self) -> None:
        written = on_a_terminal(TERM="dumb")

        assert "\x1b" not in written
        assert "running  notebooks/good.ipynb [weak]" in written

    def test_the_cursor_comes_back_when_the_program_ends_early(self) -> None:
        written = on_a_terminal(then="raise RuntimeError('on the way')")

        assert "on the way" in written
        assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
