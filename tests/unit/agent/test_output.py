"""What reaches the agent's standard output."""

from __future__ import annotations

import io
import threading

from amltasks.agent import commands
from amltasks.agent.output import Output
from amltasks.redaction import Redactor


def written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def terminal(encoding: str = "utf-8") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")


def test_text_is_redacted_and_harmless_and_commands_pass() -> None:
    stream = terminal()
    output = Output(stream, Redactor({"s": "hunter22!"}))

    output.text("##vso[task.complete]hunter22!\nhunt\x1b[0mer22!")
    output.command(*commands.set_secrets("hunter22!"))

    assert written(stream) == "##_vso[task.complete]***\n***\n##vso[task.setsecret]hunter22!\n"


def test_an_encoding_that_lacks_a_character_loses_no_line() -> None:
    """Windows consoles and LANG=C have such."""
    stream = terminal("ascii")

    Output(stream, Redactor({})).text("grün ✔")

    assert written(stream) == "gr\\xfcn \\u2714\n"


def test_lines_of_several_threads_stay_whole() -> None:
    stream = terminal()
    output = Output(stream, Redactor({}))

    def write(name: str) -> None:
        for _ in range(200):
            output.text(f"{name * 50}\n{name * 50}")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lines = written(stream).splitlines()
    assert len(lines) == 1600
    assert all(line == line[0] * 50 for line in lines)
    assert all(first == second for first, second in zip(lines[::2], lines[1::2], strict=True))
