"""docs/sandbox-azure.md says what is there, and what it shows works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox.azure.hosts import BLOBS, HOSTS
from sandbox.azure.roles import ROLES
from sandbox.shell import shell_environment
from tests.sandbox.azure.conftest import ROOT, Cloud

PAGE = (ROOT / "docs" / "sandbox-azure.md").read_text(encoding="utf-8")


def test_every_host_and_every_role_is_there() -> None:
    text = " ".join(PAGE.split())

    assert [host.name for host in [*HOSTS, BLOBS] if f"`{host.name}`" not in PAGE] == []
    assert [role for role in ROLES if role not in text] == []


def test_every_variable_of_up_is_there(cloud: Cloud, tmp_path: Path) -> None:
    names = {name for name in shell_environment(cloud.world, tmp_path) if name.isupper()}

    assert {name for name in names if f"`{name}`" not in PAGE} == set()


@pytest.mark.parametrize("number", range(PAGE.count("```python")))
def test_what_it_shows_runs(number: int) -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[number]

    exec(compile(code, "sandbox-azure.md", "exec"), {})
