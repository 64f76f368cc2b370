"""python tracked.py SCRIPT [ARGUMENTS…]: a script as the SDK v1 tracks it, or as it is where there is no SDK.

Runs in the job's own interpreter. Azure ML puts a program of its own before every script in the same way: it is the
SDK that sends metrics still queued when the script ends, and tells the run what the script died of.
"""

import contextlib
import runpy
import sys
from pathlib import Path


def main() -> None:
    sys.argv = sys.argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).absolute().parent)
    try:
        from azureml.history._tracking import get_history_context_manager
    except ImportError:
        tracking: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
    else:
        tracking = get_history_context_manager(track_folders=["logs"], only_in_process_features=True)
    with tracking:
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
