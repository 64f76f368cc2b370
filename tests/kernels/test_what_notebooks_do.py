"""What notebooks do that a fork could break: processes, threads, native libraries, output past Python, plots."""

from __future__ import annotations

from pathlib import Path

import pytest

from amltasks.kernels.zygote import Zygote
from tests.kernels.conversing import environment, forked, notebook_python

CELLS = {
    "multiprocessing by fork": (
        "import multiprocessing as mp\nwith mp.get_context('fork').Pool(2) as pool: print(pool.map(abs, [-1, -2]))",
        "[1, 2]",
    ),
    "multiprocessing by spawn": (
        "import multiprocessing as mp\nwith mp.get_context('spawn').Pool(2) as pool: print(pool.map(abs, [-1, -2]))",
        "[1, 2]",
    ),
    "a pool of processes": (
        "from concurrent.futures import ProcessPoolExecutor as P\n"
        "with P(2) as pool: print(list(pool.map(abs, [-1, -2])))",
        "[1, 2]",
    ),
    "threads": (
        "from concurrent.futures import ThreadPoolExecutor as P\n"
        "with P(4) as pool: print(sum(pool.map(abs, range(100))))",
        "4950",
    ),
    "the shell": ("!echo from the shell", "from the shell"),
    "a magic with output": ("%%bash\necho from bash", "from bash"),
    "output past Python": ("import os; os.write(1, b'past Python\\n')", "past Python"),
    "output of a child": ("import subprocess; subprocess.run(['echo', 'a child'])", "a child"),
    "await": ("import asyncio; await asyncio.sleep(0.01); print('awaited')", "awaited"),
    "a database": ("import sqlite3; print(sqlite3.connect(':memory:').execute('select 7').fetchone())", "(7,)"),
    "linear algebra in many threads": (
        "import numpy as np; a = np.ones((800, 800)); print((a @ a)[0, 0], np.linalg.eigvalsh(a).max().round())",
        "800.0 800.0",
    ),
    "numexpr": (
        "import numexpr, numpy as np; a = np.arange(1e6); print(numexpr.evaluate('sum(a * 2)'), numexpr.nthreads > 0)",
        "999999000000.0 True",
    ),
    "pandas": (
        "import pandas as pd; f = pd.DataFrame({'a': range(200_000)}); print(f.eval('a + a').sum(), f.a.mean())",
        "39999800000 99999.5",
    ),
    "arrow": (
        "import pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq\n"
        "pq.write_table(pa.table({'a': list(range(100_000))}), 'f.parquet')\n"
        "print(pc.sum(pq.read_table('f.parquet', use_threads=True)['a']))",
        "4999950000",
    ),
    "a model in parallel": (
        "from sklearn.ensemble import RandomForestClassifier as R; from sklearn.datasets import load_iris\n"
        "x, y = load_iris(return_X_y=True); print(R(20, n_jobs=2, random_state=1).fit(x, y).score(x, y))",
        "1.0",
    ),
    "joblib": (
        "from joblib import Parallel, delayed; print(Parallel(n_jobs=2)(delayed(abs)(-n) for n in range(4)))",
        "[0, 1, 2, 3]",
    ),
    "the debugger's package": ("import debugpy; print(debugpy.__name__)", "debugpy"),
}


@pytest.mark.parametrize("cell", list(CELLS))
def test_a_cell_does_what_it_does_everywhere(with_libraries: Zygote, cell: str, tmp_path: Path) -> None:
    source, expected = CELLS[cell]
    with forked(with_libraries, tmp_path) as kernel:
        told = kernel.run(source)
        assert told.error == "", told.text
        assert expected in told.text
        assert kernel.end() == 0


def test_a_plot_is_shown_as_an_image(with_libraries: Zygote, tmp_path: Path) -> None:
    with forked(with_libraries, tmp_path) as kernel:
        told = kernel.run("import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()")
        after = kernel.run("plt.plot([2, 1]); print(plt.get_backend())")

    assert "image/png" in told.shown
    assert "image/png" in after.shown
    assert "inline" in after.text


def test_twenty_megabytes_of_output_arrive_whole(zygote: Zygote, tmp_path: Path) -> None:
    with forked(zygote, tmp_path) as kernel:
        told = kernel.run("for _ in range(200): print('x' * 100_000)")

    assert len(told.text) == 200 * 100_001


BUSY = "import os, threading; threading.Thread(target=lambda: all(iter(lambda: True, 0)), daemon=True).start()"


def test_what_is_written_past_python_comes_with_its_cell_however_busy_the_kernel_is(
    zygote: Zygote, tmp_path: Path
) -> None:
    with forked(zygote, tmp_path) as kernel:
        kernel.run(BUSY)
        told = [kernel.run(f"written = os.write(1, b'cell {number}')").text for number in range(10)]

    assert told == [f"cell {number}" for number in range(10)]


def test_a_letter_that_is_written_in_two_parts_is_one(zygote: Zygote, tmp_path: Path) -> None:
    with forked(zygote, tmp_path) as kernel:
        told = kernel.run("import os, time\nfor byte in (b'\\xc3', b'\\xa4'): os.write(1, byte); time.sleep(0.3)")

    assert told.text == "\u00e4"


def test_one_long_text_arrives_in_pieces(zygote: Zygote, tmp_path: Path) -> None:
    """Neither the kernel nor whoever listens has all of it in one message."""
    with forked(zygote, tmp_path) as kernel:
        told = kernel.run("print('\u00e4' * 1_000_000)")

    assert told.text == "\u00e4" * 1_000_000 + "\n"
    assert told.longest < 500_000


def test_a_flush_without_text_still_waits_for_what_was_shown_before_it(zygote: Zygote, tmp_path: Path) -> None:
    """Who flushes and dies has lost nothing."""
    waits = (
        "from IPython.display import display\nimport sys\nwaiting = 0\n"
        "for number in range(200):\n    display(number)\n    sys.stdout.flush()\n"
        "    waiting += len(sys.stdout.pub_thread._events)\nprint('waiting', waiting)"
    )
    with forked(zygote, tmp_path) as kernel:
        assert kernel.run(waits).text.endswith("waiting 0\n")


def test_a_library_that_is_already_there_costs_nothing_to_import(with_libraries: Zygote, tmp_path: Path) -> None:
    with forked(with_libraries, tmp_path) as kernel:
        told = kernel.run(
            "import time; began = time.process_time(); import pandas, scipy.stats, sklearn.linear_model\n"
            "print(time.process_time() - began)"
        )

    assert float(told.text) < 0.2  # and not most of a second


def test_libraries_that_are_told_to_use_one_thread_are_there_already_as_well(tmp_path: Path) -> None:
    """pyarrow has a thread that puts up with a fork, whatever the others have; its allocator works in the kernel."""
    variables = environment(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    with (
        Zygote.begin(notebook_python(), variables, ["pandas", "pyarrow"]) as begun,
        forked(begun, tmp_path, variables) as kernel,
    ):
        told = kernel.run(
            "import sys; print('pandas' in sys.modules)\n"
            "import pyarrow; pool = pyarrow.jemalloc_memory_pool()\n"
            "for _ in range(50): pyarrow.array(range(100_000), memory_pool=pool)\n"
            "print(pool.max_memory() > 100_000)"
        )
        assert kernel.end() == 0

    assert told.text == "True\nTrue\n"
