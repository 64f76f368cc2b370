"""Options of a command line that say where models are registered and served. Imports little, for parsers' sake."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amltasks.commands.places import SignedIn
    from amltasks.platforms.registry import Registry
    from amltasks.requests import Platform

FOLDER = ".amltasks"


def add_place(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the place; on Azure Machine Learning, signed in as azure-identity finds it")
    add = group.add_argument
    add("--platform", default="", metavar="NAME", help="local, azureml or azureml-v1 [local]")
    add("--folder", default=FOLDER, metavar="DIR", help=f"of what is kept on this machine [{FOLDER}]")
    add("--subscription", default="", metavar="ID", help="of the workspace [AZURE_SUBSCRIPTION_ID]")
    add("--resource-group", default="", metavar="NAME", help="of the workspace")
    add("--workspace", default="", metavar="NAME")


def signed_in(given: argparse.Namespace) -> tuple[Platform, SignedIn | None]:
    """None on this machine. Raises UserError."""
    from amltasks.commands.places import platform_of, sign_in_on_laptop
    from amltasks.requests import Platform

    platform = platform_of(given.platform)
    return platform, None if platform is Platform.AGENT else sign_in_on_laptop(vars(given))


def open_registry(given: argparse.Namespace) -> Registry:
    """To be closed."""
    from amltasks.commands.places import registry

    platform, who = signed_in(given)
    return registry(platform, Path(given.folder).absolute(), who)
