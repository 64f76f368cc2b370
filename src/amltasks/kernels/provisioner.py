"""Forked kernels for every Jupyter program: `JUPYTER_DEFAULT_PROVISIONER_NAME=amltasks-fork`.

Or in one kernel.json: {"metadata": {"kernel_provisioner": {"provisioner_name": "amltasks-fork",
"config": {"preload": ["pandas"]}}}}. Stock papermill, nbconvert, nbclient and nbmake need nothing else;
`AMLTASKS_START=direct` turns it off.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner
from traitlets import List, Unicode

from amltasks.kernels.command import KernelCommand
from amltasks.kernels.forking import ForkedKernel, ForkRefusedError, fork_kernel
from amltasks.kernels.pool import Zygotes
from amltasks.kernels.switch import forks_wanted

_zygotes = Zygotes()
atexit.register(_zygotes.close)


class ForkProvisioner(LocalProvisioner):  # type: ignore[misc]
    """Forks IPython kernels; starts every other kernel, and every one that cannot be forked, as Jupyter always does.

    A forked kernel has no debugger, and what it started ends with it.
    """

    preload = List(Unicode(), help="Modules that kernels find imported already.").tag(config=True)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        """See KernelProvisionerBase. Never fails for want of a fork."""
        command = KernelCommand.parse(cmd)
        if command and forks_wanted() and _is_plain(kwargs):
            environment = kwargs.get("env") or dict(os.environ)
            zygote = _zygotes.get(command, environment, self.preload)
            if zygote:
                folder = kwargs.get("cwd") or Path.cwd()
                try:
                    self.process = await asyncio.to_thread(
                        fork_kernel, zygote.address, cmd, cwd=folder, environment=environment
                    )
                except ForkRefusedError as refusal:
                    self.log.warning(f"The kernel is started directly: {refusal}.")
                    await asyncio.to_thread(_zygotes.drop, zygote)
                else:
                    self.pid = self.pgid = self.process.pid
                    self.cwd = folder
                    return dict(self.connection_info)
        return dict(await super().launch_kernel(cmd, **kwargs))

    async def wait(self) -> int | None:
        """See KernelProvisionerBase."""
        process = self.process
        code: int | None = await super().wait()
        if isinstance(process, ForkedKernel):
            await asyncio.to_thread(process.close)
        return code


def _is_plain(kwargs: Mapping[str, Any]) -> bool:
    """Whether nothing is asked for that only a started process can be given: redirections, to outlive its owner."""
    return not (kwargs.keys() - {"env", "cwd", "extra_arguments", "kernel_id", "independent"}) and not kwargs.get(
        "independent"
    )
