"""Cancelling: whatever the launcher is doing, nothing that it started is left behind."""

from __future__ import annotations

import signal
import sys
import time

import pytest

from tests.extension.conftest import MakeTask
from tests.extension.launching import Agent, interrupt, wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")

CANCELLED = 130
AT_ONCE = 6.0  # seconds at most on a busy machine: what does not listen has seven
# A kernel in a session of its own, as Jupyter starts them, that ignores every polite signal.
STUBBORN_CHILD = """
import os, pathlib, signal, subprocess, sys, time
child = "import signal as s, time; s.signal(s.SIGINT, s.SIG_IGN); s.signal(s.SIGTERM, s.SIG_IGN); time.sleep(300)"
for new_session in (False, True):
    subprocess.Popen([sys.executable, "-c", child], start_new_session=new_session)
temp = pathlib.Path(os.environ["AGENT_TEMPDIRECTORY"])
"""
TIDY = (
    STUBBORN_CHILD
    + """
def stop(number, frame):
    print("published what there is after", signal.Signals(number).name, flush=True)
    sys.exit(130)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, stop)
(temp / "started").write_text("yes")
time.sleep(300)
"""
)
DEAF = (
    STUBBORN_CHILD
    + """
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
(temp / "started").write_text("yes")
time.sleep(300)
"""
)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_python_is_told_and_what_it_leaves_is_killed(used_agent: Agent, task: MakeTask, by: signal.Signals) -> None:
    """Python ends in its own time; then, at once, all that carries the invocation's mark goes."""
    launcher = used_agent.start(task(TIDY))
    wait_for(used_agent.temp / "started")

    ended = interrupt(launcher, by)

    assert (ended.code, ended.completions) == (CANCELLED, [])
    assert f"published what there is after {by.name}" in ended.output
    assert ended.seconds < AT_ONCE
    assert used_agent.processes() == []


def test_a_python_that_does_not_listen_has_seven_seconds(used_agent: Agent, task: MakeTask) -> None:
    """All is over before the agent's SIGTERM, 7.5 seconds after its SIGINT; another signal changes nothing."""
    folder = task(DEAF)

    def seconds() -> float:
        launcher = used_agent.start(folder)
        wait_for(used_agent.temp / "started")
        (used_agent.temp / "started").unlink()
        launcher.send_signal(signal.SIGINT)
        started = time.monotonic()
        time.sleep(1)
        ended = interrupt(launcher, signal.SIGTERM)
        assert ended.code == CANCELLED
        assert used_agent.processes() == []
        return time.monotonic() - started

    assert any(6.5 < seconds() < 7.5 for _ in range(3))  # other tests may keep the machine busy


@pytest.mark.parametrize("after", [0.0, 0.3, 1.0, 1.8])
def test_while_the_environment_is_made_nothing_is_left_of_it(agent: Agent, task: MakeTask, after: float) -> None:
    """No installer, no half-made environment, however long after its first line the launcher is signalled."""
    launcher = agent.has_python().start(task("raise SystemExit('never to be run')"))
    assert launcher.stdout
    launcher.stdout.readline()
    time.sleep(after)

    ended = interrupt(launcher)

    assert ended.code == CANCELLED, ended.output
    assert "Cancelled by SIGINT before anything was run." in ended.output
    assert ended.seconds < AT_ONCE
    assert agent.processes() == []
    assert agent.environments == []


@pytest.mark.parametrize("hangs", ["exec /bin/sleep 300", "/bin/sleep 300; exit 1"])
def test_while_python_is_looked_for(agent: Agent, task: MakeTask, hangs: str) -> None:
    """A `python3` that hangs does not hold up the cancellation, nor leaves what it has started, as shims do."""
    agent.has_program("python3", f"#!/bin/sh\necho yes > {agent.temp}/started\n{hangs}\n")
    launcher = agent.start(task(""))
    wait_for(agent.temp / "started")

    ended = interrupt(launcher)

    assert ended.code == CANCELLED
    assert ended.seconds < AT_ONCE
    assert agent.processes() == []
