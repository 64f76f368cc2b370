"""Starts one kernel directly: `INTERPRETER launcher.py -f CONNECTION_FILE …`. Where there is no fork, this is the way."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.dont_write_bytecode, written = True, sys.dont_write_bytecode
    from kernel_app import KernelApp  # type: ignore[import-not-found,unused-ignore]

    sys.dont_write_bytecode = written
    # What a notebook imports is its own: nothing of this folder. IPython adds the working directory later.
    del sys.modules["kernel_app"]
    if Path(sys.path[0]) == Path(__file__).resolve().parent:
        del sys.path[0]
    KernelApp.launch_instance()
