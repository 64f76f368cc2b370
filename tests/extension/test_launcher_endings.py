"""How Python ended, and what the agent hears of it."""

from __future__ import annotations

import payload
import pytest

from tests.extension.conftest import MakeTask
from tests.extension.launching import Agent


def test_a_passed_task_says_nothing_more(used_agent: Agent, task: MakeTask) -> None:
    ended = used_agent.run(task("raise SystemExit(0)"))

    assert (ended.code, ended.completions) == (0, [])


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_verdict_that_python_told_itself_is_not_commented(used_agent: Agent, task: MakeTask, code: int) -> None:
    """The step fails without another error on the run's page, and without the agent's own about exit codes."""
    ended = used_agent.run(task(f"raise SystemExit({code})"))

    assert (ended.code, ended.completions) == (0, ["result=Failed;]"])
    assert "task.issue" not in ended.output


def test_a_fault_of_ours_fails_the_step_and_shows_its_traceback(used_agent: Agent, task: MakeTask) -> None:
    ended = used_agent.run(task("raise ZeroDivisionError('ours')"))

    assert (ended.code, ended.completions) == (0, ["result=Failed;]"])
    assert "ZeroDivisionError: ours" in ended.output


def test_a_python_that_says_it_was_cancelled_is_no_success(used_agent: Agent, task: MakeTask) -> None:
    """Its result is the agent's to say."""
    ended = used_agent.run(task("raise SystemExit(130)"))

    assert (ended.code, ended.completions) == (130, [])


@pytest.mark.parametrize("how", ["os.kill(os.getpid(), signal.SIGKILL)", "os._exit(137)"])
def test_a_killed_python_hints_at_memory(used_agent: Agent, task: MakeTask, how: str) -> None:
    """What the kernel's out-of-memory killer leaves behind is a SIGKILL, or 137 from within a container."""
    ended = used_agent.run(task(f"import os, signal; {how}"))

    assert ended.completions == [f"result=Failed;]{ended.error}"]
    assert "before the task was done" in ended.error
    assert "out of memory: fewer notebooks at once (maxParallel)" in ended.error


def test_a_crashed_python_is_named_with_its_signal_and_leaves_nothing(used_agent: Agent, task: MakeTask) -> None:
    """Its kernels, in sessions of their own, go with it."""
    main = "import os, signal, subprocess, sys\n"
    main += "subprocess.Popen(['/bin/sleep', '300'], start_new_session=True)\nos.kill(os.getpid(), signal.SIGSEGV)\n"

    ended = used_agent.run(task(main))

    assert ended.error == "Python was killed by SIGSEGV before the task was done."
    assert used_agent.processes() == []


def test_another_exit_code_is_said(used_agent: Agent, task: MakeTask) -> None:
    ended = used_agent.run(task("raise SystemExit(7)"))

    assert ended.error == "Python ended with exit code 7 before the task was done."


def test_a_task_folder_without_its_packages_is_said(used_agent: Agent, task: MakeTask) -> None:
    folder = task("")
    (folder / payload.NAME).unlink()

    assert used_agent.run(folder).error.startswith(f"There is no {payload.NAME} in {folder}: ")


def test_a_job_that_python_does_not_read_does_not_matter(used_agent: Agent, task: MakeTask) -> None:
    """Standard input breaks under a large job; how Python ended still counts."""
    ended = used_agent.run(task("import sys; sys.stdin.close(); raise SystemExit(0)"), INPUT_NOTEBOOKS="x" * 120_000)

    assert (ended.code, ended.completions) == (0, [])
