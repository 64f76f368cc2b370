"""Whatever a notebook does to its process, in whatever order: every other forked kernel stays what a started one is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amltasks.kernels.zygote import Zygote
from tests.kernels.conversing import Kernel, direct, forked
from tests.kernels.test_identity import PROBE, SETTINGS
from tests.kernels.test_isolation import DEEDS

# Beside what another kernel could find: what would show in how it behaves.
HARM = (
    "import builtins; builtins.len = lambda _: 77",
    "import builtins; builtins.__import__ = None",
    "import sys; sys.modules.clear()",
    "import sys; sys.stdout = sys.stderr = None",
    "import sys; sys.path.clear(); sys.meta_path.clear()",
    "import sys; sys.excepthook = sys.displayhook = print",
    "import gc; gc.disable(); gc.set_threshold(1)",
    "import gc; gc.unfreeze(); gc.collect()",
    "import os; os.closerange(3, 5000)",
    "import os; os.environ.clear(); os.unsetenv('PATH')",
    "import os; os.nice(1)",
    "import os; open('/proc/self/oom_score_adj', 'w').write('500')",
    "import os, signal; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())",
    "import signal; signal.setitimer(signal.ITIMER_REAL, 0.01)",
    "import signal, os; [os.kill(os.getppid(), s) for s in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)]",
    "import signal, os; os.kill(os.getpid(), signal.SIGKILL)",
    "import os; os._exit(7)",
    "import ctypes; ctypes.string_at(0)",
    "import ctypes; ctypes.memmove(id(257) + 24, b'\\x05', 1)",
    "import ctypes; ctypes.CDLL(None).srand(1); ctypes.CDLL(None).setlocale(6, b'C')",
    "import locale, time, os; os.environ['TZ'] = 'Asia/Tokyo'; time.tzset(); locale.setlocale(locale.LC_ALL, 'C')",
    "import random, numpy; random.seed(7); numpy.random.seed(7)",
    "import numpy; numpy.seterr(all='raise'); numpy.set_printoptions(precision=1)",
    "import sklearn; sklearn.set_config(assume_finite=True)",
    "import matplotlib; matplotlib.use('svg'); matplotlib.rcdefaults()",
    "import pyarrow; pyarrow.set_cpu_count(7)",
    "import logging; logging.disable(); logging.getLogger().handlers.clear()",
    "import threading; [threading.Thread(target=threading.Event().wait, daemon=True).start() for _ in range(20)]",
    "import subprocess; left = [subprocess.Popen(['sleep', '60']) for _ in range(3)]",
    "import os, time\nif not os.fork(): time.sleep(60)",
    "import multiprocessing; multiprocessing.set_start_method('spawn', force=True)",
    "import asyncio; asyncio.set_event_loop_policy(None); asyncio.get_event_loop().stop()",
    "get_ipython().kernel.iopub_socket.close()",
)
SEQUENCES = st.lists(st.sampled_from([*HARM, *(deed for deed, _ in DEEDS.values())]), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a kernel sees of itself that was started, and alone."""
    folder = tmp_path_factory.mktemp("untouched")
    with direct(folder) as kernel:
        return seen_by(kernel, folder)


def seen_by(kernel: Kernel, folder: Path) -> dict[str, Any]:
    """All that it can ask about itself and its libraries; and that it still counts, draws and shows as it should."""
    seen: dict[str, Any] = json.loads(kernel.run(PROBE.replace("LISTED", "False")).text.replace(str(folder), "HERE"))
    seen["settings"] = kernel.run(SETTINGS).json
    seen["behaviour"] = kernel.run(
        "import numpy, random\nprint(len([1, 2]), 256 + 1, numpy.arange(3) / 4, random.random() != 0.32383276483316237,"
        " numpy.random.rand() != 0.07630828937395717)"
    ).text
    return seen


def holds(zygote: Zygote, folder: Path, deeds: Sequence[str], untouched: dict[str, Any]) -> None:
    with forked(zygote, folder) as witness, forked(zygote, folder) as culprit:
        for deed in deeds:
            culprit.send(deed)  # and does not wait: it may never answer again
        assert seen_by(witness, folder) == untouched
    with forked(zygote, folder) as late:
        assert seen_by(late, folder) == untouched


PROPERTY = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(PROPERTY, max_examples=5)
@given(deeds=SEQUENCES)
def test_no_sequence_of_deeds_is_seen_by_another_kernel(
    with_libraries: Zygote, untouched: dict[str, Any], tmp_path: Path, deeds: list[str]
) -> None:
    """Not by one that runs at the same time, nor by one that comes after."""
    holds(with_libraries, tmp_path, deeds, untouched)


@pytest.mark.long
@pytest.mark.timeout(900)
@settings(PROPERTY, max_examples=60)
@given(deeds=SEQUENCES)
def test_no_sequence_of_deeds_is_seen_by_another_kernel_in_many_tries(
    with_libraries: Zygote, untouched: dict[str, Any], tmp_path: Path, deeds: list[str]
) -> None:
    holds(with_libraries, tmp_path, deeds, untouched)
