"""A node of a cluster: runs one job's command in a session of its own, and lets nothing of it live on.

Started as a program, standard library only. Its first line of input is a JSON object: command, folder, environment, log
(a file) and grace (seconds between SIGTERM and SIGKILL). A line `stop` ends the session in that order, `kill` at once;
and so does the end of the input: when the sandbox is gone, whatever happened to it, so is the job. Its one line of
output is the exit code, 128 + n for signal n.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def main() -> None:
    words = sys.stdin.fileno()
    asked = json.loads(line(words))
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with Path(asked["log"]).open("ab", buffering=0) as log:
        process = subprocess.Popen(
            ["bash", "-c", asked["command"]],
            cwd=asked["folder"],
            env=asked["environment"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0),
        )
    code = follow(process, words, asked["grace"])
    end_descendants()
    print(code, flush=True)


def follow(process: "subprocess.Popen[bytes]", words: int, grace: float) -> int:
    """Wait for the end of the session's leader, or for word to end it."""
    deadline = float("inf")
    exited = os.pidfd_open(process.pid)
    awaited = [words, exited]
    while process.poll() is None:
        left = deadline - time.monotonic()
        ready, _, _ = select.select(awaited, [], [], None if left == float("inf") else max(0.0, left))
        if words in ready:
            if line(words) == b"stop":
                end(process.pid, signal.SIGTERM)
                deadline = time.monotonic() + grace
            else:
                end(process.pid, signal.SIGKILL)
                awaited = [exited]
        elif not ready:
            end(process.pid, signal.SIGKILL)
            deadline = float("inf")
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def line(file: int) -> bytes:
    """The next one, without its end; empty at the end of the file."""
    text = b""
    while (byte := os.read(file, 1)) not in (b"", b"\n"):
        text += byte
    return text


def end(session: int, number: int) -> None:
    """Signal all processes of the session, whatever groups they made."""
    for pid in [session, *descendants(os.getpid())]:
        try:
            if os.getsid(pid) == session:
                os.kill(pid, number)
        except ProcessLookupError:
            continue


def end_descendants() -> None:
    """Kill what the job has left, sessions of its own included: as a subreaper this process is the parent of all."""
    while True:
        for pid in descendants(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def descendants(pid: int) -> "list[int]":
    found: list[int] = []
    try:
        direct = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return found
    for each in direct:
        found += [each, *descendants(each)]
    return found


if __name__ == "__main__":
    main()
