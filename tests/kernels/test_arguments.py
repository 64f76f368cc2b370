"""A kernel's arguments mean what they mean to ipykernel, whoever reads them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.notebooks.running import notebook_python

INSIDE = Path(__file__).resolve().parents[2] / "src" / "amltasks" / "kernels" / "inside"
READ = """
import json, sys
sys.path.insert(0, sys.argv[1])
from ipykernel.kernelapp import IPKernelApp
from kernel_app import KernelApp
def read(application):
    application.parse_command_line(sys.argv[2:])
    # Ours derives from ipykernel's, and options that its parser knows by a short name are its own.
    sections = {}
    for name, section in application.cli_config.items():
        sections.setdefault(name.replace("IPKernelApp", "KernelApp"), {}).update(section)
    return {
        "sections": sections, "same": application.config == application.cli_config,
        "file": application.connection_file, "level": application.log_level, "extra": application.extra_args,
        "shown": application.log.isEnabledFor(application.log_level),
    }
print(json.dumps([read(KernelApp()), read(IPKernelApp())]))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["-f", "/tmp/kernel.json"],
        ["-f", "/tmp/kernel.json", "--HistoryManager.hist_file=:memory:"],
        ["-f", "/tmp/a b.json", "--IPKernelApp.log_level=10", "--InteractiveShell.banner1=a=b\nc"],
        ["--debug", "-f", "/tmp/kernel.json"],
        ["-f", "/tmp/kernel.json", "--matplotlib=inline", "--InteractiveShellApp.exec_lines=x = 1"],
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_arguments_are_read_as_ipykernel_reads_them(arguments: list[str]) -> None:
    said = subprocess.run(
        [notebook_python(), "-c", READ, str(INSIDE), *arguments], capture_output=True, text=True, check=True
    )
    ours, ipykernels = json.loads(said.stdout)

    assert ours == ipykernels
