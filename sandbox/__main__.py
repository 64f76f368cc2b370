"""`python -m sandbox serve`, `python -m sandbox up` and `python -m sandbox run PIPELINE.yml`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

from sandbox.devops.git.objects import is_repository
from sandbox.faults import load_faults, read_faults
from sandbox.server import Server
from sandbox.world import World


def main(arguments: list[str] | None = None) -> int:
    from sandbox.agent import command as agent  # knows the server; kept out of what only imports this module

    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Azure DevOps and Azure on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the REST services and the web page until interrupted")
    _add_serve_arguments(serve)
    serve.set_defaults(run=_serve, azure=False)
    up = commands.add_parser("up", help="serve, with Azure for your own shell: prints the variables that it needs")
    _add_serve_arguments(up)
    up.add_argument("--env", type=Path, metavar="FILE", help="write the variables to this file, to be sourced")
    up.set_defaults(run=_serve, azure=True)
    run = commands.add_parser("run", help="run a pipeline's YAML on the sandbox's agent")
    agent.add_arguments(run)
    run.set_defaults(run=agent.run)
    chosen = parser.parse_args(arguments)
    return int(chosen.run(chosen))


def _add_serve_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 [any free one]")
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep the state in this SQLite file [in memory]")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write every exchange to this JSON-lines file")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="RULE", help="a fault as YAML, e.g. '{status: 429, nth: 2}'"
    )
    parser.add_argument("--faults", type=Path, metavar="FILE", help="faults from a YAML or JSON file")
    parser.add_argument(
        "--extension", type=Path, action="append", default=[], metavar="X.vsix", help="an extension whose tabs to show"
    )
    parser.add_argument(
        "--repository", action="append", default=[], metavar="NAME=PATH", help="a git repository to serve"
    )


def _serve(chosen: argparse.Namespace) -> int:
    stopped = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stopped.set())
    world = World.open(chosen.state)
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        try:
            _furnish(world, chosen)
            server = Server(world, chosen.port)
            server.start()
            _show(world, server)
            if chosen.azure:
                _show_azure(world, chosen.env, Path(folder))
        except (OSError, ValueError) as error:
            print(f"The sandbox cannot serve: {error}", file=sys.stderr)
            world.close()
            return 2
        stopped.wait()
        server.stop()
        world.close()
    return 0


def _furnish(world: World, chosen: argparse.Namespace) -> None:
    if chosen.faults:
        world.faults.add(*load_faults(chosen.faults))
    for rule in chosen.fault:
        world.faults.add(*read_faults(rule))
    for each in chosen.repository:
        world.git.add(*_repository(each))
    for package in chosen.extension:
        world.extensions.install(package)
    if chosen.record:
        world.journal.to(chosen.record)


def _show(world: World, server: Server) -> None:
    print(f"web page    {server.base_url}/")
    print(f"collection  {server.collection_url}")
    print(f"project     {world.project.name} ({world.project.id})")
    print(f"token       {world.tokens.issue('Sandbox User', 30 * 24 * 3600)}", flush=True)


def _show_azure(world: World, file: Path | None, folder: Path) -> None:
    """The variables of a shell, printed or in a file that only its owner can read."""
    from sandbox.shell import as_commands, shell_environment  # with Azure's cryptography, which `serve` does not need

    commands = as_commands(shell_environment(world, folder))
    if file is None:
        print(f"\n{commands}", flush=True)
        return
    file.touch(mode=0o600)
    file.write_text(commands, encoding="utf-8")
    print(f"Azure       {'. ' if os.name != 'nt' else ''}{file.resolve()}", flush=True)


def _repository(option: str) -> tuple[str, Path]:
    name, _, path = option.partition("=")
    if not name or not is_repository(Path(path)):
        raise ValueError(f"--repository takes NAME=PATH with the path of a git repository, not {option!r}")
    return name, Path(path)


if __name__ == "__main__":
    sys.exit(main())
