"""The tasks' commands on a laptop: `amltasks run-notebook NOTEBOOK…`, `amltasks register-model NAME PATH`, ….

Exit codes: 0 passed, 1 notebooks or checks failed, 2 bad input, 3 could not run or publish, 130 cancelled.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from amltasks import __version__
from amltasks.agent.neutral import one_line
from amltasks.commands.door import collect_seldom, warm
from amltasks.commands.exit_codes import ExitCode
from amltasks.errors import AmlTasksError, UserError

if TYPE_CHECKING:
    from amltasks.platforms.base import OpenCompute

# Modules of the commands beside run-notebook, which does not wait for them.
_OTHERS = ("models_cli", "deploy_cli", "package_cli", "ensure_compute_cli", "test_endpoint_cli", "endpoints_cli")


def main(arguments: Sequence[str] | None = None) -> int:
    """The program `amltasks`."""
    arguments = sys.argv[1:] if arguments is None else arguments
    given = _parser(others="run-notebook" not in arguments[:1]).parse_args(arguments)
    try:
        return int(given.run_command(given))
    except AmlTasksError as error:
        sys.stderr.write(f"amltasks: {one_line(str(error), 2000)}\n")
        return ExitCode.BAD_INPUT if isinstance(error, UserError) else ExitCode.NOT_RUN


def program() -> NoReturn:
    """`main` as a process of its own, which ends at once: taking the interpreter apart takes as long as a notebook."""
    collect_seldom()
    try:
        code = main()
    except KeyboardInterrupt:  # before there was anything that ends in good order
        code = ExitCode.CANCELLED
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _parser(*, others: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="amltasks", description="Notebooks as tests, as in a pipeline, here.")
    parser.add_argument("--version", action="version", version=f"amltasks {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    run = commands.add_parser("run-notebook", help="run notebooks and show what came of them")
    add = run.add_argument
    add("notebooks", nargs="+", metavar="NOTEBOOK", help="paths and patterns from this folder on; !PATTERN excludes")
    add("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="a parameter; VALUE as in YAML")
    add("-f", "--parameters-file", default="", metavar="FILE", help="parameters from a YAML or JSON file")
    add("--sets", default="", metavar="FILE", help="parameter sets from a YAML file: one run each")
    add("--secret", action="append", default=[], metavar="NAME", help="an environment variable that holds a secret")
    add("--python", default="", metavar="PATH", help="the interpreter of the kernels [python on the PATH]")
    add("--kernel", default="", metavar="NAME", help="an installed kernel")
    add("--working-directory", default="", metavar="DIR", help="of the kernels [each notebook's folder]")
    add("--cell-timeout", default="", metavar="TIME", help="[20 min]")
    add("--notebook-timeout", default="", metavar="TIME", help="[none]")
    add("--run-timeout", default="", metavar="TIME", help="of everything together [none]")
    add("--memory-limit", default="", metavar="SIZE", help="of a notebook and all that it starts, as in 2 GB [none]")
    add("--process-limit", default="", metavar="N", help="processes of a notebook at a time [none]")
    add("--open-files-limit", default="", metavar="N", help="files that each of its processes may have open [none]")
    add("--output-limit", default="", metavar="SIZE", help="what is kept of a cell's output [100 MB]")
    add("-j", "--max-parallel", default="", metavar="N", help="notebooks at once [the cores]")
    add("--max-memory", default="", metavar="SIZE", help="of notebooks that run at once, as in 12 GB [what there is]")
    add("--fail-on", default="", metavar="WHEN", help="any, none, or the percentage that may fail [any]")
    add("--fail-fast", action="store_true", help="start no more notebooks once so many have failed")
    add("--title", default="", help="of the report")
    add("--output", default="", metavar="DIR", help="where executed notebooks and logs go [notebook-results]")
    add("--html", action="store_true", help="a readable page for each result, too")
    add("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    add("--summary", action="store_true", help="write a Markdown summary, too")
    add("--strict-secrets", action="store_true", help="fail when a secret was found in an output")
    add("--reuse", action="store_true", help="take unchanged notebooks' results from earlier runs")
    add("--cache", default="", metavar="DIR", help="where things are kept for later runs [.amltasks, with --reuse]")
    azure = run.add_argument_group("on Azure Machine Learning, signed in as azure-identity finds it")
    add = azure.add_argument
    add("--platform", default="", metavar="NAME", help="agent, which is this machine, azureml or azureml-v1 [agent]")
    add("--subscription", default="", metavar="ID", help="of the workspace [AZURE_SUBSCRIPTION_ID]")
    add("--resource-group", default="", metavar="NAME", help="of the workspace")
    add("--workspace", default="", metavar="NAME")
    add("--compute", default="", metavar="NAME", help="a cluster [serverless]")
    add("--instance-type", default="", metavar="SIZE", help="of serverless machines")
    add("--environment", action="append", default=[], metavar="WHAT", help="an environment, image or conda file")
    add("--experiment", default="", metavar="NAME")
    run.set_defaults(run_command=_run_notebook)
    for name in _OTHERS if others else ():
        importlib.import_module(f"amltasks.commands.{name}").add_commands(commands)
    return parser


def _run_notebook(given: argparse.Namespace) -> ExitCode:
    # Imported here so that --help and a wrong option are answered at once.
    if given.platform and given.platform != "agent":
        return _run_on(None, given)
    with contextlib.closing(warm(given.python, given.kernel)) as compute:
        return _run_on(compute, given)


def _run_on(compute: OpenCompute | None, given: argparse.Namespace) -> ExitCode:
    from amltasks.commands.run_notebooks import exit_code, leaking, run_notebooks
    from amltasks.notebooks.parameters import parse_assignment
    from amltasks.report.junit import JUnitFile
    from amltasks.report.publisher import Publisher
    from amltasks.report.results_file import ResultsFile
    from amltasks.report.summary import SummaryFile
    from amltasks.report.terminal import Terminal
    from amltasks.requests import RunNotebooksRequest

    here = Path.cwd()
    root = _root([*given.notebooks, given.parameters_file, given.sets], here)
    request = RunNotebooksRequest.from_inputs(
        {
            "notebooks": "\n".join(_from_root(pattern, here, root) for pattern in given.notebooks),
            "parametersFile": _absolute(given.parameters_file),
            "parameterSets": _absolute(given.sets),
            "platform": given.platform,
            "python": given.python,
            "kernel": given.kernel,
            "workingDirectory": _absolute(given.working_directory),
            "cellTimeout": given.cell_timeout,
            "notebookTimeout": given.notebook_timeout,
            "runTimeout": given.run_timeout,
            "memoryLimit": given.memory_limit,
            "processLimit": given.process_limit,
            "openFilesLimit": given.open_files_limit,
            "outputLimit": given.output_limit,
            "maxParallel": given.max_parallel,
            "maxMemory": given.max_memory,
            "failOn": given.fail_on,
            "failFast": "true" if given.fail_fast else "",
            "testRunTitle": given.title,
            "outputFolder": _absolute(given.output),
            "strictSecrets": "true" if given.strict_secrets else "",
            "reuse": "whenUnchanged" if given.reuse else "",
            "cacheFolder": _absolute(given.cache),
        },
        root,
        here / "notebook-results",
        here / ".amltasks" if given.reuse else None,
    )
    parameters = request.parameters | dict(map(parse_assignment, given.parameter))
    request = request.model_copy(update={"parameters": parameters, "secret_parameters": _secrets(given.secret)})
    if compute is None:
        from amltasks.commands.azureml import compute_of_laptop

        compute = compute_of_laptop(request.platform, vars(given), root)
    publishers: list[Publisher] = [ResultsFile(request.output_folder)]
    if given.junit:
        publishers.append(JUnitFile(here / given.junit))
    if given.summary:
        publishers.append(SummaryFile(request.output_folder))
    publishers.append(Terminal())
    report = run_notebooks(request, publishers, request.secret_parameters, pages=given.html, compute=compute)
    if request.strict_secrets and (leaks := leaking(report)):
        titles = ", ".join(one_line(result.title) for result in leaks)
        sys.stdout.write(f"--strict-secrets: secrets were found in the outputs of {titles}.\n")
    code = exit_code(report, request)
    return ExitCode.NOT_RUN if code is ExitCode.PASSED and report.problems else code


def _root(paths: Sequence[str], here: Path) -> Path:
    """This folder, or the nearest one above it that holds all that is named outside of it, too."""
    fixed = [re.split(r"[*?[]", path.lstrip("!"), maxsplit=1)[0] for path in paths if path]
    try:
        root = Path(os.path.commonpath([here, *map(os.path.abspath, fixed)]))
    except ValueError:
        raise UserError("Files on several drives cannot be used together: name those of one drive.") from None
    return root if root.is_dir() else root.parent


def _from_root(pattern: str, here: Path, root: Path) -> str:
    """A pattern from this folder on, as one from the root on."""
    exclude = "!" if pattern.startswith("!") else ""
    whole = os.path.join(here, pattern[len(exclude) :])
    return exclude + Path(os.path.relpath(whole, root)).as_posix()


def _absolute(path: str) -> str:
    return os.path.abspath(path) if path else ""


def _secrets(names: Sequence[str]) -> dict[str, str]:
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        raise UserError(f"--secret: there is no environment variable {missing[0]}.")
    return {name: os.environ[name] for name in names}


if __name__ == "__main__":
    program()
