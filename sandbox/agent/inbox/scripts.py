"""CmdLine@2, Bash@3 and PowerShell@2 (pwsh): a script in a file, run by a shell below a Node process."""

from __future__ import annotations

import shutil
import sys
import uuid
from pathlib import Path

from sandbox.agent.environment import script_environment
from sandbox.agent.errors import StepError
from sandbox.agent.invocation import Invocation
from sandbox.agent.tasks import TaskDefinition, TaskInput

_SHELL = Path(__file__).with_name("shell.js")


def _cmd_line(invocation: Invocation) -> None:
    if sys.platform == "win32":
        _run(invocation, "Cmd.exe", ["cmd.exe", "/D", "/E:ON", "/V:OFF", "/S", "/C", "CALL"], ".cmd")
    else:
        _run(invocation, "Bash", [_find("bash"), "--noprofile", "--norc"], ".sh")


def _bash(invocation: Invocation) -> None:
    command = [_find("bash")]
    if invocation.input("targetType").lower() == "inline":
        _run(invocation, "Bash", command, ".sh")
    else:
        path = Path(invocation.input("filePath"))
        if not path.is_file():
            raise StepError(f"Invalid file path '{path}'. A path to a .sh file is required.")
        _start(invocation, "Bash", [*command, str(path), *invocation.input("arguments").split()])


def _power_shell(invocation: Invocation) -> None:
    if not invocation.flag("pwsh"):
        raise StepError("The sandbox's agent runs PowerShell Core only: set pwsh to true.")
    _run(invocation, "PowerShell", [_find("pwsh"), "-NoLogo", "-NoProfile", "-NonInteractive", "-File"], ".ps1")


def _run(invocation: Invocation, shell: str, command: list[str], suffix: str) -> None:
    invocation.step.output("Generating script.")
    script = invocation.input("script")
    if suffix == ".ps1":
        preference = invocation.input("errorActionPreference") or "stop"
        script = f"$ErrorActionPreference = '{preference}'\n{script}\nif (!$?) {{ exit 1 }}\nexit $LASTEXITCODE"
    path = invocation.step.job.directory("Agent.TempDirectory") / f"{uuid.uuid4()}{suffix}"
    path.write_text(script + "\n", "utf-8", newline="\r\n" if suffix == ".cmd" else "\n")
    if "\n" not in script and suffix != ".ps1":
        invocation.step.output(f"Script contents:\n{script}")
    _start(invocation, shell, [*command, str(path)])


def _start(invocation: Invocation, shell: str, command: list[str]) -> None:
    step = invocation.step
    cwd = Path(invocation.input("workingDirectory"))
    if not cwd.is_dir():
        raise StepError(f"Not found workingDirectory: {cwd}")
    step.output("========================== Starting Command Output ===========================")
    step.command(" ".join(command))
    fail_on_stderr = str(invocation.flag("failOnStderr")).lower()
    environment = script_environment(invocation.environment)
    invocation.execute([step.job.node, str(_SHELL), shell, fail_on_stderr, *command], cwd, environment)


def _find(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise StepError(f"Unable to locate executable file: '{program}'.")
    return found


_COMMON = (TaskInput("workingDirectory", "filePath"), TaskInput("failOnStderr", "boolean", "false"))

TASKS = (
    TaskDefinition(
        id="d9bafed4-0b18-4f58-968d-86655b4d2ce9",
        name="CmdLine",
        version="2.250.1",
        friendly_name="Command line",
        description="Run a command line script using Bash on Linux and macOS and cmd.exe on Windows",
        author="Microsoft Corporation",
        inputs=(TaskInput("script", "multiLine", required=True), *_COMMON),
        run=_cmd_line,
    ),
    TaskDefinition(
        id="6c731c3c-3c68-459a-a5c9-bde6e6595b5b",
        name="Bash",
        version="3.250.1",
        friendly_name="Bash",
        description="Run a Bash script on macOS, Linux, or Windows",
        author="Microsoft Corporation",
        inputs=(
            TaskInput("targetType", "radio", "filePath"),
            TaskInput("filePath", "filePath", required=True, conditional=True),
            TaskInput("arguments"),
            TaskInput("script", "multiLine", required=True, conditional=True),
            *_COMMON,
        ),
        run=_bash,
    ),
    TaskDefinition(
        id="e213ff0f-5d5c-4791-802d-52ea3e7be1f1",
        name="PowerShell",
        version="2.250.1",
        friendly_name="PowerShell",
        description="Run a PowerShell script on Linux, macOS, or Windows",
        author="Microsoft Corporation",
        inputs=(
            TaskInput("targetType", "radio", "filePath"),
            TaskInput("script", "multiLine", required=True, conditional=True),
            TaskInput("errorActionPreference", "pickList", "stop"),
            TaskInput("ignoreLASTEXITCODE", "boolean", "false"),
            TaskInput("pwsh", "boolean", "false"),
            *_COMMON,
        ),
        run=_power_shell,
    ),
)
