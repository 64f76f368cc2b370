"""The notebooks that are run: everything that can become of one, in the proportions of a bad day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.notebooks import write_cells

from amltasks.platforms.base import NotebookRun
from amltasks.report.model import Outcome

SECRET = "soak-5ecret-of-nobody"

_SMALL = ["import json\nnumbers = list(range(1000))", "print(json.dumps(numbers[:100]))", "sum(numbers)"]
_PLOT = [
    "import pandas as pd\nimport matplotlib.pyplot as plt",
    "frame = pd.DataFrame({'a': range(1000)})\nframe.describe()",
    "frame['a'].cumsum().plot()\nplt.show()",
]
_WIDGET = ["import ipywidgets\nshown = ipywidgets.Output()\nshown", "with shown:\n    print('inside')"]
_CHILDREN = [
    "import subprocess, sys\nleft = [subprocess.Popen(['sleep', '600']) for _ in range(3)]",
    "import os\nif not os.fork():\n    os.setsid()\n    if os.fork():\n        os._exit(0)\n    import time\n"
    "    time.sleep(600)\n    os._exit(0)",
    "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
]


@dataclass(frozen=True)
class Kind:
    """cells: source of each; none for a file that is no notebook. settings: of its `NotebookRun`."""

    name: str
    cells: Sequence[str]
    outcome: Outcome = Outcome.PASSED
    settings: Mapping[str, Any] = field(default_factory=dict)

    def run(self, folder: Path, python: Path, number: int) -> NotebookRun:
        """Its run of that number, in a folder of its own."""
        run_id = f"{self.name}-{number}"
        home = folder / run_id
        (home / "out").mkdir(parents=True)
        source = home / f"{self.name}.ipynb"
        if self.cells:
            write_cells(self.cells, source)
        else:
            source.write_text("no notebook")
        return NotebookRun(
            run_id=run_id,
            source=source,
            notebook=source.name,
            python=str(python),
            working_directory=home,
            folder=home / "out",
            secrets={"TOKEN": SECRET},
            **{"cell_timeout": 60.0, **self.settings},
        )


FORKED = (
    *(Kind(f"small-{letter}", _SMALL) for letter in "abcdef"),
    Kind("plot-a", _PLOT),
    Kind("plot-b", _PLOT),
    Kind("widget", _WIDGET),
    Kind("parameters", ["print(alpha)"], settings={"parameters": {"alpha": 0.5}}),
    Kind("secret", [f"print({SECRET!r})"]),
    Kind("large", ["print('0123456789' * 10 * 50_000)"]),
    Kind("chatty", ["for number in range(5_000):\n    print(number, flush=True)"]),
    Kind("raises", ["x = 1", "1 / 0", "never"], Outcome.FAILED),
    Kind("exits", ["import os\nos._exit(3)"], Outcome.KERNEL_DIED),
    Kind("killed", ["import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"], Outcome.KERNEL_DIED),
    Kind("crashes", ["import ctypes\nctypes.string_at(0)"], Outcome.KERNEL_DIED),
    Kind("hangs", ["import time\ntime.sleep(600)"], Outcome.TIMED_OUT, {"cell_timeout": 0.5}),
    Kind("children", _CHILDREN),
    Kind("none", [], Outcome.INVALID),
)
DIRECT = (
    Kind("direct-small", _SMALL),
    Kind("direct-raises", ["1 / 0"], Outcome.FAILED),
    Kind("direct-killed", ["import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"], Outcome.KERNEL_DIED),
    Kind("direct-children", _CHILDREN),
)


def chosen(kinds: Sequence[Kind], names: Collection[str] | None) -> Sequence[Kind]:
    """Those of these names; all of them without names."""
    return [kind for kind in kinds if names is None or kind.name in names]
