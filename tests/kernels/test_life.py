"""How forked kernels and their zygote end, whoever ends them, and that nothing is left then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from amltasks.kernels.forking import ForkedKernel, ForkRefusedError, fork_kernel
from amltasks.kernels.zygote import Zygote
from tests.kernels.conversing import ROOT, environment, forked, gone, notebook_python, parent


@pytest.fixture
def own_zygote() -> Iterator[Zygote]:
    """One that a test may kill."""
    with Zygote.begin(notebook_python(), environment()) as begun:
        yield begun


def test_an_orderly_end_loses_no_handler_file_object_or_thread(zygote: Zygote, tmp_path: Path) -> None:
    with forked(zygote, tmp_path) as kernel:
        kernel.run("import atexit; atexit.register(lambda: open('handler', 'w').write('ran'))")
        kernel.run("never_closed = open('file', 'w'); never_closed.write('text')")
        kernel.run("import builtins; builtins.hidden = open('hidden', 'w'); hidden.write('text')")
        kernel.run("class Final:\n    def __del__(self): open('final', 'w').write('ran')\nfinal = Final()")
        kernel.run("import threading, time\ndef late(): time.sleep(0.3); open('late', 'w').write('ran')")
        kernel.run("threading.Thread(target=late).start()")
        assert kernel.end() == 0

    assert (tmp_path / "handler").read_text() == "ran"
    assert (tmp_path / "file").read_text() == "text"
    assert (tmp_path / "hidden").read_text() == "text"
    assert (tmp_path / "final").read_text() == "ran"
    assert (tmp_path / "late").read_text() == "ran"


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        ("import os; os._exit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9),
        ("import ctypes; ctypes.string_at(0)", -11),
        ("import os; os.abort()", -6),
        ("import os; os.kill(os.getpid(), 15)", -15),
    ],
)
def test_a_death_is_told_with_its_code_or_signal_at_once(zygote: Zygote, deed: str, code: int, tmp_path: Path) -> None:
    with forked(zygote, tmp_path) as kernel:
        kernel.send(deed)
        assert kernel.process.wait(60) == code
        if code == -11:
            assert "Segmentation fault" in kernel.output
            assert "string_at" in kernel.output


def test_an_interrupt_ends_the_cell_and_not_the_kernel(zygote: Zygote, tmp_path: Path) -> None:
    with forked(zygote, tmp_path) as kernel:
        kernel.send("import time, os; open('begun', 'w').close(); time.sleep(60)")
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        os.killpg(kernel.pid, signal.SIGINT)
        assert kernel.run("print('alive')").text.strip() == "alive"


LEAVE_BEHIND = """
import os, subprocess, sys
until, there = os.pipe()
if not os.fork():
    os.setsid()
    if not os.fork():
        os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)"], {})
    os._exit(0)
os.close(there)
os.read(until, 1)  # both have let go of the pipe: one has ended, the other is another program
hidden = subprocess.Popen(["sleep", "601"], env={}, start_new_session=True).pid
print(hidden)
"""


def test_closing_ends_what_a_kernel_left_behind_however_it_hid(zygote: Zygote, tmp_path: Path) -> None:
    """Orphaned by a double fork, in a session of its own, without the kernel's environment."""
    with forked(zygote, tmp_path) as kernel:
        hidden = int(kernel.run(LEAVE_BEHIND).text)
        keeper = parent(kernel.pid)
        children = Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split()
        orphan = next(int(pid) for pid in children if int(pid) != kernel.pid)
        kernel.end()
        assert isinstance(kernel.process, ForkedKernel)
        assert kernel.process.close() == 2

    assert gone(hidden)
    assert gone(orphan)
    assert gone(keeper)


def test_a_kernels_pid_is_nobody_elses_until_it_is_closed(zygote: Zygote, tmp_path: Path) -> None:
    with forked(zygote, tmp_path) as kernel:
        kernel.send("import os; os._exit(0)")
        kernel.process.wait(60)
        assert Path(f"/proc/{kernel.pid}/stat").exists()
    deadline = time.monotonic() + 60  # on a busy machine its keeper may reap it later than it is waited for
    while Path(f"/proc/{kernel.pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_kernels_end_with_the_process_that_asked_for_them(own_zygote: Zygote, tmp_path: Path) -> None:
    program = (
        "import sys, time\nfrom tests.kernels.conversing import LAUNCHER, environment, notebook_python\n"
        "from amltasks.kernels.forking import fork_kernel\n"
        f"argv = [notebook_python(), str(LAUNCHER), '-f', {str(tmp_path / 'kernel.json')!r}]\n"
        f"kernel = fork_kernel({own_zygote.address!r}, argv, cwd='/', environment=environment(), patience=60)\n"
        "print(kernel.pid, flush=True)\ntime.sleep(600)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    kernel = int(owner.stdout.readline())
    keeper = parent(kernel)
    owner.kill()
    owner.wait()
    owner.stdout.close()

    assert gone(kernel)
    assert gone(keeper)


def test_a_zygote_ends_with_its_owner_however_that_ends() -> None:
    program = (
        "import time\nfrom tests.kernels.conversing import Zygote, environment, notebook_python\n"
        "zygote = Zygote.begin(notebook_python(), environment())\n"
        "print(zygote.pid, zygote.address, flush=True)\ntime.sleep(600)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    zygote, address = owner.stdout.readline().split()
    owner.kill()
    owner.wait()
    owner.stdout.close()

    assert gone(int(zygote))
    assert not Path(address).parent.exists()


def test_kernels_outlive_a_killed_zygote_and_new_ones_are_refused(own_zygote: Zygote, tmp_path: Path) -> None:
    with forked(own_zygote, tmp_path) as kernel:
        os.kill(own_zygote.pid, signal.SIGKILL)
        assert gone(own_zygote.pid)
        assert kernel.run("print('alive')").text.strip() == "alive"
        with pytest.raises(ForkRefusedError, match="zygote"), forked(own_zygote, tmp_path):
            pass
        assert kernel.end() == 0


def test_a_kernel_ends_when_its_keeper_is_killed(zygote: Zygote, tmp_path: Path) -> None:
    with forked(zygote, tmp_path) as kernel:
        os.kill(parent(kernel.pid), signal.SIGKILL)
        assert kernel.process.wait(60) == -signal.SIGKILL
        assert gone(kernel.pid)


def test_a_zygote_that_does_not_answer_is_given_up(own_zygote: Zygote, tmp_path: Path) -> None:
    with forked(own_zygote, tmp_path):
        pass
    os.kill(own_zygote.pid, signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(ForkRefusedError, match=r"no kernel after 0\.5 s"), forked(own_zygote, tmp_path, patience=0.5):
        pass
    assert time.monotonic() - began < 20  # of the sixty seconds that others are given
    os.kill(own_zygote.pid, signal.SIGCONT)
    with forked(own_zygote, tmp_path) as kernel:  # what was given up does not stand in the way
        assert kernel.run("print(1)").text.strip() == "1"


def test_what_cannot_be_forked_is_refused_with_its_reason(zygote: Zygote, tmp_path: Path) -> None:
    with pytest.raises(ForkRefusedError, match="No such file"), forked(zygote, tmp_path / "nowhere"):
        pass
    with pytest.raises(ForkRefusedError, match="no command for an IPython kernel: R --slave"):
        fork_kernel(zygote.address, ["R", "--slave"], cwd=tmp_path, environment={})
    with (
        pytest.raises(ForkRefusedError, match=r"exceeds|not allowed"),
        forked(zygote, tmp_path, limits={"RLIMIT_NOFILE": (10, 5)}),
    ):
        pass


@pytest.mark.parametrize(
    ("preload", "added", "why"),
    [
        (["matplotlib.pyplot"], {}, "matplotlib.pyplot was imported"),
        (["runs_a_thread"], {}, "2 threads are running, 1 known to be safe"),
        ([], {"PYTHONPATH": "relative"}, "relative path"),
    ],
)
def test_a_zygote_that_is_not_fit_to_fork_refuses(
    preload: list[str], added: dict[str, str], why: str, tmp_path: Path
) -> None:
    (tmp_path / "runs_a_thread.py").write_text(
        "import threading; threading.Thread(target=threading.Event().wait).start()"
    )
    variables = environment(PYTHONPATH=str(tmp_path)) | added
    with (
        Zygote.begin(notebook_python(), variables, preload) as begun,
        pytest.raises(ForkRefusedError, match=why),
        forked(begun, tmp_path, variables),
    ):
        pass


def test_after_packages_were_installed_nothing_old_is_forked(tmp_path: Path) -> None:
    """pip puts a folder beside the packages for whatever it installs."""
    packages = tmp_path / "packages"
    packages.mkdir()
    variables = environment(PYTHONPATH=str(packages))
    with Zygote.begin(notebook_python(), variables) as begun:
        with forked(begun, tmp_path, variables):
            pass
        (packages / "new-1.0.dist-info").mkdir()
        for size in (1, 2_000_000):  # a refusal comes before the request was sent, or read, to its end
            asked = {**variables, "SENT_FOR_LONG": "x" * size}
            with pytest.raises(ForkRefusedError, match="packages were installed"), forked(begun, tmp_path, asked):
                pass


def test_an_interpreter_that_ends_at_once_is_a_refusal(tmp_path: Path) -> None:
    with (
        Zygote.begin("/bin/false", environment()) as begun,
        pytest.raises(ForkRefusedError),
        forked(begun, tmp_path),
    ):
        pass


def test_forty_kernels_in_a_row_leave_nothing_in_the_zygote(zygote: Zygote, tmp_path: Path) -> None:
    def held() -> tuple[int, int]:
        folder = Path(f"/proc/{zygote.pid}")
        return len(list((folder / "fd").iterdir())), len(
            (folder / "task").joinpath(str(zygote.pid), "children").read_text()
        )

    with forked(zygote, tmp_path):
        pass
    for _ in range(40):
        with forked(zygote, tmp_path) as kernel:
            os.kill(kernel.pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while held()[1] and time.monotonic() < deadline:
        time.sleep(0.01)

    descriptors, children = held()
    assert descriptors == 4  # stdin, stdout, stderr, the socket
    assert children == 0
