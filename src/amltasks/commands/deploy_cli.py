"""`amltasks deploy` and `amltasks manifests` on a command line. Imports little, so that --help comes at once."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

from amltasks.commands.exit_codes import ExitCode
from amltasks.commands.place_options import add_place, signed_in

_TARGETS = {"aci": "DeployToACI", "aks": "DeployToAKS", "online-endpoint": "DeployToOnlineEndpoint"}
# Inputs of the tasks by group: option, input, placeholder, help.
_OPTIONS = {
    "the scoring script": (
        ("--script", "scoringScript", "FILE", "with init() and run()"),
        ("--source", "sourceFolder", "DIR", "that is sent with it [its own]"),
        ("--conda", "condaFile", "FILE", "its packages"),
        ("--requirements", "requirements", "FILE", "the same for pip"),
        ("--environment", "environment", "NAME", "of the workspace, instead"),
        ("--image", "image", "IMAGE", "that packages are installed on"),
        ("--inference-config", "inferenceConfig", "FILE", "as `az ml model deploy` takes it"),
        ("--deployment-config", "deploymentConfig", "FILE", "the same, for this target"),
        ("--variables", "variables", "YAML", "of its environment"),
    ),
    "size and access": (
        ("--compute", "compute", "NAME", "a cluster of the workspace, for AKS"),
        ("--instance-type", "instanceType", "SIZE", "of the machines"),
        ("--cpu", "cpu", "CORES", "of a replica"),
        ("--memory", "memory", "SIZE", "of a replica, as in 2 GB"),
        ("--replicas", "replicas", "N", "how many"),
        ("--autoscale", "autoscale", "RANGE", "as in 1-5"),
        ("--auth", "auth", "KIND", "key, token, aad or none [key]"),
        ("--location", "location", "REGION", "[the workspace's]"),
        ("--tags", "tags", "YAML", "a mapping"),
        ("--settings", "settings", "YAML", "what only this target knows"),
    ),
    "tests and rollout": (
        ("--tests", "tests", "FILE", "requests, and what is expected of their answers"),
        ("--ready-timeout", "readyTimeout", "TIME", "until it answers [5 min]"),
        ("--strategy", "strategy", "NAME", "replace, blueGreen or canary"),
        ("--steps", "steps", "PERCENT", "as in 0,10,50,100"),
        ("--bake", "bakeTime", "TIME", "of a step"),
        ("--rules", "rules", "YAML", "that it has to keep to"),
        ("--mirror", "mirror", "PERCENT", "copied to the new one at first"),
        ("--deployment", "deployment", "NAME", "of the new one"),
        ("--on-cancel", "onCancel", "WHAT", "keep or rollback [keep]"),
    ),
}
_SWITCHES = (
    ("--no-precheck", "precheck", "false", "do not try the script here first"),
    ("--keep-previous", "keepPrevious", "true", "keep what was before, without requests"),
    ("--overwrite", "overwrite", "true", "delete first what has this name"),
)


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    deploy = commands.add_parser("deploy", help="serve a model: tried first, tested, given requests step by step")
    deploy.add_argument("endpoint", metavar="NAME", help="what the endpoint or service is called")
    deploy.add_argument("model", metavar="MODEL", help="NAME:VERSION, NAME for the latest one, NAME@ALIAS")
    kinds = ", ".join(_TARGETS)
    deploy.add_argument(
        "--to", default="online-endpoint", choices=_TARGETS, metavar="TARGET", help=f"{kinds} [the last]"
    )
    deploy.add_argument("--output", default="", metavar="DIR", help="for responses and logs [.amltasks/results/NAME]")
    for title, options in _OPTIONS.items():
        group = deploy.add_argument_group(title)
        for option, name, placeholder, said in options:
            group.add_argument(option, dest=name, default="", metavar=placeholder, help=said)
    for option, name, value, said in _SWITCHES:
        group.add_argument(option, dest=name, action="store_const", const=value, default="", help=said)
    add_place(deploy)
    deploy.set_defaults(run_command=_deploy)

    manifests = commands.add_parser("manifests", help="a rollout on plain Kubernetes with Istio: a file for each stage")
    add = manifests.add_argument
    add("name", metavar="NAME", help="of the service")
    add("image", metavar="IMAGE", help="the new one; '${IMAGE}' is left for envsubst")
    add("--previous", default="", metavar="IMAGE", help="the one that runs now [none does]")
    add("--namespace", default="default", metavar="NAME", help="[default]")
    add("--replicas", type=int, default=1, metavar="N", help="of each colour [1]")
    add("--port", type=int, default=5001, metavar="PORT", help="that the container listens on [5001]")
    add("--output", default="manifests", metavar="DIR", help="[manifests]")
    manifests.set_defaults(run_command=_manifests)


def _deploy(given: argparse.Namespace) -> ExitCode:
    from amltasks.agent.neutral import neutralise
    from amltasks.commands.checks import exit_code
    from amltasks.commands.deploy_request import DeployRequest, Target
    from amltasks.commands.deploying import Deploying
    from amltasks.commands.places import endpoints, registry
    from amltasks.redaction import Redactor
    from amltasks.report.check_log import checks_lines

    secrets: dict[str, str] = {}  # keys of the endpoint

    def redact(text: str) -> str:
        return Redactor(secrets).text(text)

    def tell(line: str) -> None:
        sys.stdout.write(f"{neutralise(redact(line))}\n")

    platform, who = signed_in(given)
    inputs = {name: value for name, value in vars(given).items() if isinstance(value, str)}
    inputs["platform"] = platform.value
    folder = Path(given.folder).absolute()
    with contextlib.ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        request = DeployRequest.from_inputs(Target(_TARGETS[given.to]), inputs, Path.cwd(), work)
        models = stack.enter_context(contextlib.closing(registry(platform, folder, who)))
        places = stack.enter_context(contextlib.closing(endpoints(request.kind, folder, who)))
        deploying = Deploying(
            request,
            models,
            places,
            folder=Path(given.output or folder / "results" / given.endpoint).absolute(),
            tell=tell,
            warn=tell,
            redact=redact,
            keep_secret=lambda key: secrets.update({f"key {len(secrets)}": key}),
        )
        report = deploying.run([Path.cwd()])
    for line in checks_lines(report):
        tell(line)
    tell(f"{deploying.outcome}: {deploying.address or deploying.endpoint}")
    return exit_code(report)


def _manifests(given: argparse.Namespace) -> ExitCode:
    from amltasks.endpoints.kubernetes import Application, write_stages

    names = ("name", "image", "previous", "namespace", "replicas", "port")
    application = Application(**{name: getattr(given, name) for name in names})
    for path in write_stages(application, Path(given.output)):
        sys.stdout.write(f"{path}\n")
    return ExitCode.PASSED
