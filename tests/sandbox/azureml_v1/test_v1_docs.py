"""docs/sandbox-azureml-v1.md says what works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox.shell import shell_environment
from tests.sandbox.azure.conftest import ROOT, Cloud

pytestmark = pytest.mark.xdist_group("azureml v1 runs")

PAGE = (ROOT / "docs" / "sandbox-azureml-v1.md").read_text(encoding="utf-8")


def test_the_first_run_of_a_shell_runs(cloud: Cloud, tmp_path: Path) -> None:
    [program] = re.findall(r"<<END\n(.*?)\nEND\n", PAGE, re.DOTALL)
    variables = {**shell_environment(cloud.world, tmp_path), "HOME": str(tmp_path)}
    program = f"import os\nos.chdir({str(tmp_path)!r})\n{program}\nresult = run.get_status()\nos.chdir('/')"

    assert cloud.sdk.run(program, variables) == "Completed"
