"""What all tasks share: the job from standard input, the verdict to the agent, the exit code to the launcher."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import BinaryIO, TextIO

from amltasks.agent import commands
from amltasks.agent.job import Job, read_job
from amltasks.agent.output import Output
from amltasks.commands.exit_codes import ExitCode
from amltasks.errors import ServiceError, UserError
from amltasks.redaction import Redactor

Carry = Callable[[Job, Output], ExitCode]


def run_task(carry_out: Carry, stdin: BinaryIO | None = None, stdout: TextIO | None = None) -> int:
    """Carry out a task for the job on standard input; the exit code of its process.

    carry_out tells the agent its own verdict. What it raises is told here: one sentence for bad input and for a
    service that failed, the traceback for a fault of ours.
    """
    output = Output(stdout or sys.stdout, Redactor({}))
    try:
        job = read_job(stdin or sys.stdin.buffer)
        output = Output(stdout or sys.stdout, Redactor(job.secrets()))
        return carry_out(job, output)
    except UserError as error:
        return _failed(output, str(error), ExitCode.BAD_INPUT)
    except ServiceError as error:
        return _failed(output, str(error), ExitCode.NOT_RUN)
    except Exception as error:
        output.text(traceback.format_exc())
        sentence = f"This is a fault of the task, not of your pipeline: {type(error).__name__}: {error}"
        return _failed(output, f"{sentence} (the traceback is in the log above)", ExitCode.NOT_RUN)


def _failed(output: Output, message: str, code: ExitCode) -> ExitCode:
    message = output.redacted(message)
    output.command(commands.issue(message, "error"), commands.complete("Failed", message))
    return code
