"""Any Jupyter program gets forked kernels by naming the provisioner; stock clients notice nothing but the speed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient import NotebookClient

from amltasks.kernels.forking import ForkedKernel
from amltasks.kernels.provisioner import ForkProvisioner
from amltasks.kernels.switch import START
from tests.kernels.conversing import environment, gone, notebook_python

NAME = "amltasks-fork"


def manager(argv: list[str], **config: Any) -> AsyncKernelManager:
    made = AsyncKernelManager(kernel_name="python3")
    made._kernel_spec = KernelSpec(
        argv=argv,
        language="python",
        display_name="Python",
        metadata={"kernel_provisioner": {"provisioner_name": NAME, "config": config}},
    )
    return made


def of_ipython() -> list[str]:
    return [notebook_python(), "-m", "ipykernel_launcher", "-f", "{connection_file}"]


def test_it_is_found_by_its_name() -> None:
    from importlib.metadata import entry_points

    (found,) = entry_points(group="jupyter_client.kernel_provisioners", name=NAME)
    assert found.load() is ForkProvisioner


def test_a_stock_client_runs_notebooks_on_forked_kernels(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell("import os, sys; print(os.path.basename(sys.argv[0]), os.getcwd())"),
        nbformat.v4.new_code_cell("os.getpid()"),
    ]
    made = manager(of_ipython())
    client = NotebookClient(notebook, km=made, resources={"metadata": {"path": str(tmp_path)}})
    kinds = []
    client.on_notebook_start = lambda notebook: kinds.append(type(made.provisioner.process))
    client.execute(env=environment())

    assert kinds == [ForkedKernel]
    assert notebook.cells[0].outputs[0].text == f"ipykernel_launcher.py {tmp_path}\n"
    asyncio.run(made.shutdown_kernel())
    assert gone(int(notebook.cells[1].outputs[0].data["text/plain"]))


async def started(made: AsyncKernelManager, cwd: Path) -> str:
    """The kind of process that the manager's kernel is; the kernel is restarted, interrupted and shut down."""
    await made.start_kernel(cwd=str(cwd), env=environment())
    client = made.client()
    client.start_channels()
    await client.wait_for_ready(timeout=60)
    kind = type(made.provisioner.process).__name__
    first = made.provisioner.pid
    await made.interrupt_kernel()
    await made.restart_kernel()
    await client.wait_for_ready(timeout=60)
    assert made.provisioner.pid != first
    assert await made.is_alive()
    client.stop_channels()
    await made.shutdown_kernel()
    assert not await made.is_alive()
    return kind


def test_a_kernel_can_be_interrupted_restarted_and_shut_down(tmp_path: Path) -> None:
    assert asyncio.run(started(manager(of_ipython()), tmp_path)) == "ForkedKernel"


def test_libraries_named_in_the_kernelspec_are_imported_already(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell("import sys; print('numpy' in sys.modules)")]
    made = manager(of_ipython(), preload=["numpy"])
    NotebookClient(notebook, km=made, resources={"metadata": {"path": str(tmp_path)}}).execute(env=environment())

    assert notebook.cells[0].outputs[0].text == "True\n"


def test_the_switch_turns_it_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(START, "direct")
    assert asyncio.run(started(manager(of_ipython()), tmp_path)) == "Popen"


def test_what_cannot_be_forked_is_started_as_ever(tmp_path: Path) -> None:
    """Here, for a package that must not be imported before a fork."""
    assert asyncio.run(started(manager(of_ipython(), preload=["matplotlib.pyplot"]), tmp_path)) == "Popen"


def test_other_kernels_start_as_they_always_do(tmp_path: Path) -> None:
    """R, Julia, a script of one's own: whatever is not `python -m ipykernel_launcher`."""
    script = tmp_path / "own_kernel.py"
    script.write_text("from ipykernel.kernelapp import launch_new_instance as launch\nlaunch()\n")
    made = manager([notebook_python(), str(script), "-f", "{connection_file}"])

    assert asyncio.run(started(made, tmp_path)) == "Popen"
