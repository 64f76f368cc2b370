"""`amltasks register-model` and `amltasks trace` on a command line. Imports little, so that --help comes at once."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from amltasks.commands.exit_codes import ExitCode
from amltasks.commands.place_options import add_place, open_registry


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    register = commands.add_parser("register-model", help="register a model if it is better than the one that is there")
    add = register.add_argument
    add("modelName", metavar="NAME", help="what the model is called")
    add("path", metavar="PATH", help="its file or folder")
    add("--run", default="", metavar="ID", help="the run or job whose output it is")
    add("--results", default="", metavar="DIR", help="results of run-notebook: the model is what a notebook has left")
    add("--notebook", default="", metavar="PATH", help="which of the results")
    add("--metrics", default="", metavar="YAML", help="what it is compared by, or a file with it [nothing]")
    add("--metrics-file", dest="metricsFile", default="", metavar="FILE", help="JSON with its metrics")
    add("--champion", default="", metavar="WHICH", help="latest, stage:NAME, alias:NAME, tag:NAME=VALUE, version:N")
    add("--accept", default="", metavar="VERDICTS", help="with which it is registered [first,better]")
    add("--fail", dest="whenNotBetter", action="store_const", const="fail", default="", help="when it is not better")
    add("--override", default="", metavar="REASON", help="register it whatever the gate says")
    add("--description", default="", metavar="TEXT")
    add("--tags", default="", metavar="YAML", help="a mapping")
    add("--data", default="", metavar="YAML", help="versions of data, a mapping; of paths, the hash is added")
    add("--environment-file", dest="environmentFile", default="", metavar="FILE", help="lock or conda file")
    add("--expected-hash", dest="expectedHash", default="", metavar="SHA256", help="of the content")
    add("--framework", default="", metavar="NAME")
    add_place(register)
    register.set_defaults(run_command=_register)

    trace = commands.add_parser("trace", help="where a model comes from, or which models come from a build")
    trace.add_argument("model", nargs="?", default="", metavar="MODEL", help="NAME:VERSION, NAME@ALIAS or NAME")
    trace.add_argument("--build", default="", metavar="BUILD", help="models of the build with that id or number")
    trace.add_argument("--commit", default="", metavar="COMMIT", help="of the commit, as it begins")
    trace.add_argument("--of-run", dest="of_run", default="", metavar="ID", help="of the run or job")
    trace.add_argument("--json", action="store_true", help="for programs")
    add_place(trace)
    trace.set_defaults(run_command=_trace)


def _register(given: argparse.Namespace) -> ExitCode:
    from amltasks.commands.checks import exit_code
    from amltasks.commands.register_model_request import RegisterModelRequest
    from amltasks.commands.registering import register_model
    from amltasks.report.check_log import checks_lines

    inputs = {name: value for name, value in vars(given).items() if isinstance(value, str)}
    request = RegisterModelRequest.from_inputs(inputs, Path.cwd())
    with contextlib.closing(open_registry(given)) as registry, tempfile.TemporaryDirectory() as scratch:
        registered = register_model(request, registry, {}, Path(scratch), lambda line: None)
    _print(checks_lines(registered.report))
    return exit_code(registered.report)


def _trace(given: argparse.Namespace) -> ExitCode:
    from amltasks.models.trace import Question, trace
    from amltasks.report.check_log import aligned

    question = Question(model=given.model, build=given.build, commit=given.commit, run=given.of_run)
    with contextlib.closing(open_registry(given)) as registry:
        traces = trace(registry, question)
    if given.json:
        _print([json.dumps([each.model_dump(mode="json", by_alias=True) for each in traces], indent=2)])
    elif not traces:
        _print(["No model comes from there."])
    for each in () if given.json else traces:
        _print([each.model, *aligned(each.rows), ""])
    return ExitCode.PASSED


def _print(lines: Iterable[str]) -> None:
    from amltasks.agent.neutral import neutralise

    sys.stdout.write("".join(f"{neutralise(line)}\n" for line in lines))
