"""`python -m sandbox run PIPELINE.yml`: a server, an agent, one run; Ctrl-C is the Cancel button."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import yaml

from sandbox.agent import endpoints
from sandbox.agent.agent import Agent, BuildResult
from sandbox.agent.approvals import ANSWERS, Answer
from sandbox.agent.errors import PipelineError
from sandbox.agent.process import Timing
from sandbox.agent.variables import Group
from sandbox.devops.build.documents import Build
from sandbox.faults import load_faults
from sandbox.proxy import proxy_environment
from sandbox.server import Server
from sandbox.world import World

EXIT_CODES = {"succeeded": 0, "partiallySucceeded": 0, "failed": 1, "canceled": 130}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("pipeline", type=Path, metavar="PIPELINE.yml")
    add("--extension", type=Path, action="append", default=[], metavar="X.vsix", help="an extension to install")
    add("--repository", type=Path, metavar="DIR", help="git repository to check out [the one that holds the pipeline]")
    add("--working-tree", action="store_true", help="check out uncommitted changes too")
    add("--variable", action="append", default=[], metavar="NAME=VALUE", help="a variable set at queue time")
    add("--secret", action="append", default=[], metavar="NAME=VALUE", help="a secret variable")
    add("--secrets", type=Path, metavar="FILE", help="secret variables from a YAML or JSON mapping")
    add("--parameter", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the pipeline")
    add(
        "--group",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="a variable group from a YAML mapping; see docs",
    )
    add("--approval", action="append", default=[], metavar="ENVIRONMENT=WHAT", help="approve, reject or ask; see docs")
    add("--pull-request", metavar="SOURCE:TARGET", help="run for the pull request between two branches")
    add("--release", metavar="NAME/STAGE", help="show the run as a deployment of a classic release, too; see docs")
    add("--endpoints", type=Path, metavar="FILE", help="service connections from a YAML or JSON list")
    add("--azure", action="store_true", help="let tasks reach Azure, by a service connection called azure; see docs")
    add("--work", type=Path, metavar="DIR", help="the agent's folder, kept [a temporary one, removed]")
    add("--tools", type=Path, metavar="DIR", help="Agent.ToolsDirectory [below the agent's folder]")
    add("--node", metavar="PATH", help="the agent's Node [node on the PATH]")
    add("--state", type=Path, metavar="FILE", help="keep the service's state in this SQLite file [in memory]")
    add("--port", type=int, default=0, help="port on 127.0.0.1 [any free one]")
    add("--record", type=Path, metavar="FILE", help="write every exchange to this JSON-lines file")
    add("--faults", type=Path, metavar="FILE", help="faults from a YAML or JSON file")
    add("--json", type=Path, metavar="FILE", help="write what came of it for programs")
    add("--keep", action="store_true", help="leave the server up until Ctrl-C")
    add("--quiet", action="store_true", help="do not print the log")
    add("--cancel-after", type=float, metavar="SECONDS", help="cancel the run by itself")
    add("--signal-delays", default="7.5,2.5", metavar="A,B", help="seconds after SIGINT and after SIGTERM [7.5,2.5]")


def run(arguments: argparse.Namespace) -> int:
    """Exit code: 0 succeeded or partially, 1 failed, 2 refused before it started, 130 canceled."""
    try:
        with contextlib.ExitStack() as stack:
            work = arguments.work or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-agent-")))
            work.mkdir(parents=True, exist_ok=True)
            world = _open_world(arguments, stack)
            server = stack.enter_context(Server(world, arguments.port))
            result = _run_pipeline(arguments, world, server, work)
            _report(arguments, result)
            if arguments.keep:
                _stay(result.url)
    except KeyboardInterrupt:
        return 130
    except (PipelineError, OSError, ValueError) as error:
        print(f"The run is refused: {error}", file=sys.stderr)
        return 2
    return EXIT_CODES[result.result]


def _open_world(arguments: argparse.Namespace, stack: contextlib.ExitStack) -> World:
    world = World.open(arguments.state)
    stack.callback(world.close)
    if arguments.record:
        world.journal.to(arguments.record)
    if arguments.faults:
        world.faults.add(*load_faults(arguments.faults))
    return world


def _run_pipeline(arguments: argparse.Namespace, world: World, server: Server, work: Path) -> BuildResult:
    interrupt, terminate = _delays(arguments.signal_delays)
    agent = Agent(
        world,
        server,
        work=work,
        extensions=arguments.extension,
        tools=arguments.tools,
        node=arguments.node,
        timing=Timing(interrupt=interrupt, terminate=terminate),
        show=(lambda line: None) if arguments.quiet else _show,
        environment=proxy_environment(world, work) if arguments.azure else {},
    )

    released = _released(arguments.release) if arguments.release else None

    def on_start(build: Build) -> None:
        if released:
            world.releases.record(released[0], {released[1]: [build]}, artifact=build)
        print(f"Run {build.number} of {build.definition}: {server.base_url}/builds/{build.id}", flush=True)
        if build.reason == "pullRequest":
            number = build.source_branch.split("/")[2]
            print(f"Pull request {number}: {server.base_url}/pull-requests/{number}", flush=True)
        if arguments.cancel_after is not None:
            timer = threading.Timer(arguments.cancel_after, agent.cancel)
            timer.daemon = True
            timer.start()

    secrets = _pairs(arguments.secret, "--secret")
    if arguments.secrets:
        secrets = {**{str(name): str(value) for name, value in _read_mapping(arguments.secrets).items()}, **secrets}
    with _interruptible(agent):
        return agent.run(
            arguments.pipeline,
            repository_path=arguments.repository,
            working_tree=arguments.working_tree,
            variables=_pairs(arguments.variable, "--variable"),
            secrets=secrets,
            parameters=_pairs(arguments.parameter, "--parameter"),
            groups={name: load_group(Path(file)) for name, file in _pairs(arguments.group, "--group").items()},
            endpoints=_endpoints(arguments, world),
            approvals=_approvals(arguments.approval),
            pull_request=_pull_request(arguments),
            on_start=on_start,
        )


def _endpoints(arguments: argparse.Namespace, world: World) -> tuple[endpoints.Endpoint, ...]:
    named = endpoints.load(arguments.endpoints) if arguments.endpoints else ()
    if not arguments.azure:
        return named
    from sandbox.agent.azure import connect_azure  # with Azure's cryptography, which few runs need

    return (*named, connect_azure(world))


def _pull_request(arguments: argparse.Namespace) -> tuple[str, str] | None:
    if arguments.pull_request is None:
        return None
    source, separator, target = str(arguments.pull_request).partition(":")
    if not source or not separator or not target:
        raise PipelineError(f"--pull-request wants SOURCE:TARGET, two branches, not '{arguments.pull_request}'")
    if arguments.working_tree:
        raise PipelineError("--pull-request builds what is committed: leave --working-tree out")
    return source, target


@contextlib.contextmanager
def _interruptible(agent: Agent) -> Iterator[None]:
    """The first SIGINT or SIGTERM cancels the run, the second ends everything at once."""
    asked = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            agent.end_at_once()
            raise KeyboardInterrupt
        asked = True
        print("Canceling the run. Once more to end it at once.", file=sys.stderr, flush=True)
        threading.Thread(target=agent.cancel, daemon=True).start()

    previous = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)


def _show(line: str) -> None:
    sys.stdout.write(f"{line}\n".encode("utf-8", "replace").decode("utf-8"))
    sys.stdout.flush()


def _report(arguments: argparse.Namespace, result: BuildResult) -> None:
    print(f"Run {result.build.number} {result.result}: {result.url}", flush=True)
    if arguments.json:
        part = arguments.json.with_name(f"{arguments.json.name}.part")
        part.write_text(json.dumps(result.to_json(), indent=2, ensure_ascii=False) + "\n", "utf-8")
        part.replace(arguments.json)  # whoever waits for the file finds it whole


def _stay(url: str) -> None:
    stopped = threading.Event()
    previous = {each: signal.signal(each, lambda *_: stopped.set()) for each in (signal.SIGINT, signal.SIGTERM)}
    print(f"The page stays at {url} until Ctrl-C.", flush=True)
    stopped.wait()
    for each, handler in previous.items():
        signal.signal(each, handler)


def _delays(text: str) -> tuple[float, float]:
    try:
        interrupt, terminate = (float(part) for part in text.split(","))
    except ValueError:
        raise PipelineError(f"--signal-delays wants two numbers such as 7.5,2.5, not '{text}'") from None
    return interrupt, terminate


def _pairs(given: list[str], option: str) -> dict[str, str]:
    found = {}
    for each in given:
        name, separator, value = each.partition("=")
        if not name or not separator:
            raise PipelineError(f"{option} wants NAME=VALUE, not '{each}'")
        found[name] = value
    return found


def load_group(path: Path) -> Group:
    """A variable group from a mapping of names to values; a secret is written `name: {value: …, isSecret: true}`."""
    plain: dict[str, str] = {}
    secret: dict[str, str] = {}
    for name, value in _read_mapping(path).items():
        if isinstance(value, dict):
            chosen = secret if value.get("isSecret") else plain
            chosen[str(name)] = str(value.get("value", ""))
        else:
            plain[str(name)] = str(value)
    return Group(plain, secret)


def _released(given: str) -> tuple[str, str]:
    name, separator, stage = given.partition("/")
    if not name or not separator or not stage:
        raise PipelineError(f"--release wants NAME/STAGE, not '{given}'")
    return name, stage


def _approvals(given: list[str]) -> dict[str, Answer]:
    wanted = _pairs(given, "--approval")
    for answer in wanted.values():
        if answer not in ANSWERS:
            raise PipelineError(f"--approval wants ENVIRONMENT=approve, reject or ask, not '{answer}'")
    return {name: answer for name, answer in wanted.items() if answer in ANSWERS}


def _read_mapping(path: Path) -> dict[object, object]:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise PipelineError(f"{path}: cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise PipelineError(f"{path}: a mapping of names to values was expected")
    return content
