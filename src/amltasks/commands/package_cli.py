"""`amltasks package-model` on a command line. Imports little, so that --help comes at once."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

from amltasks.commands.exit_codes import ExitCode
from amltasks.commands.place_options import add_place, signed_in


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    package = commands.add_parser("package-model", help="make a scoring image, or the folder to build one from")
    add = package.add_argument
    add("model", metavar="MODEL", help="NAME:VERSION, NAME for the latest one, NAME@ALIAS")
    add("--script", dest="scoringScript", default="", metavar="FILE", help="with init() and run()")
    add("--source", dest="sourceFolder", default="", metavar="DIR", help="that is sent with it [its own]")
    add("--conda", dest="condaFile", default="", metavar="FILE", help="its packages")
    add("--requirements", default="", metavar="FILE", help="the same for pip")
    add("--environment", default="", metavar="NAME", help="of the workspace, for an image")
    add("--image", default="", metavar="IMAGE", help="that packages are installed on [python:3.11-slim]")
    add(
        "--inference-config",
        dest="inferenceConfig",
        default="",
        metavar="FILE",
        help="as `az ml model deploy` takes it",
    )
    add("--variables", default="", metavar="YAML", help="of its environment")
    add("--form", default="", metavar="FORM", help="image (azureml-v1 alone) or context [context, or image there]")
    add("--name", dest="imageName", default="", metavar="NAME", help="of the image [the model's]")
    add("--label", dest="imageLabel", default="", metavar="LABEL", help="of the image [the model's version]")
    add("--output", dest="contextFolder", default="package", metavar="DIR", help="for the context [package]")
    add("--wheels", action="store_const", const="true", default="", help="into the context, to build it offline")
    add_place(package)
    package.set_defaults(run_command=_package)


def _package(given: argparse.Namespace) -> ExitCode:
    from amltasks.agent.neutral import neutralise
    from amltasks.commands.package_request import PackageRequest
    from amltasks.commands.packaging import make_package
    from amltasks.commands.places import registry

    def tell(line: str) -> None:
        sys.stdout.write(f"{neutralise(line)}\n")

    here = Path.cwd()
    platform, who = signed_in(given)
    inputs = {name: value for name, value in vars(given).items() if isinstance(value, str)}
    inputs["platform"] = platform.value
    with contextlib.ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        request = PackageRequest.from_inputs(inputs, here, work, here / "package")
        models = stack.enter_context(contextlib.closing(registry(platform, Path(given.folder).absolute(), who)))
        package = make_package(request, models, who, [here], tell)
    for note in package.notes:
        tell(note)
    tell(f"{package.image}{f' {package.context}' if package.context else ''}")
    return ExitCode.PASSED
