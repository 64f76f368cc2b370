"""Starts one kernel directly: `INTERPRETER launcher.py -f CONNECTION_FILE …`; the way where nothing is forked."""

import sys
from pathlib import Path

if __name__ == "__main__":
    from kernel_app import KernelApp  # type: ignore[import-not-found,unused-ignore]

    # What a notebook imports is its own: nothing of this folder. IPython adds the working directory later.
    del sys.modules["kernel_app"]
    if Path(sys.path[0]) == Path(__file__).resolve().parent:
        del sys.path[0]
    KernelApp.launch_instance()
