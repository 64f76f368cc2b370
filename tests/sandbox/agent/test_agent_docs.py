"""docs/sandbox-agent.md says everything that the agent has."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from sandbox.agent import command, inbox
from sandbox.agent.build_commands import COMMANDS

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "sandbox-agent.md").read_text("utf-8")
UNNAMED = {"codecoverage.enable", "codecoverage.enablecodecoverage", "codecoverage.publishcodecoverage"}


def _options() -> list[str]:
    parser = argparse.ArgumentParser(add_help=False)
    command.add_arguments(parser)
    return [option for action in parser._actions for option in action.option_strings]


@pytest.mark.parametrize("option", _options())
def test_every_option_is_explained(option: str) -> None:
    assert f"`{option}" in PAGE


def test_every_logging_command_is_named() -> None:
    commands = {f"{area}.{event}" for area, events in COMMANDS.items() for event in events} - UNNAMED

    assert [each for each in sorted(commands) if f"`{each}`" not in PAGE] == []


def test_every_task_that_comes_with_the_agent_is_named() -> None:
    tasks = [f"{task.name}@{task.version.split('.')[0]}" for task in inbox.TASKS]

    assert [each for each in tasks if f"`{each}`" not in PAGE] == []
