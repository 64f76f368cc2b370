"""Nothing of one forked kernel is seen by another, or by the zygote that both come from."""

from __future__ import annotations

import random
import time
from pathlib import Path

import psutil
import pytest

from amltasks.kernels.forking import ForkRefusedError
from amltasks.kernels.zygote import Zygote
from tests.kernels.conversing import environment, forked, memory_holds, notebook_python, parent

# What a notebook may leave about in its process, and how the next one would see it.
DEEDS = {
    "a variable": ("left = 1", "'left' in globals()"),
    "a builtin": ("import builtins; builtins.left = 1", "hasattr(__import__('builtins'), 'left')"),
    "an environment variable": ("import os; os.environ['LEFT'] = '1'", "'LEFT' in __import__('os').environ"),
    "the working directory": ("import os; os.chdir('/usr')", "__import__('os').getcwd() == '/usr'"),
    "the umask": ("import os; os.umask(0o77)", "(m := __import__('os').umask(0o22)) == 0o77"),
    "a signal handler": (
        "import signal; signal.signal(signal.SIGUSR1, lambda *_: None)",
        "callable(__import__('signal').getsignal(10))",
    ),
    "an open file": (
        "held = open('/etc/hostname')",
        "any(str(p.resolve()) == '/etc/hostname' for p in __import__('pathlib').Path('/proc/self/fd').iterdir())",
    ),
    "a thread": (
        "import threading; threading.Thread(target=threading.Event().wait, name='left', daemon=True).start()",
        "'left' in [t.name for t in __import__('threading').enumerate()]",
    ),
    "a figure": (
        "import matplotlib; matplotlib.use('agg'); import matplotlib.pyplot as plt; figure = plt.figure(77)",
        "__import__('matplotlib.pyplot').pyplot.fignum_exists(77)",
    ),
    "a setting of matplotlib": (
        "import matplotlib; matplotlib.rcParams['lines.linewidth'] = 77",
        "__import__('matplotlib').rcParams['lines.linewidth'] == 77",
    ),
    "an option of pandas": (
        "import pandas; pandas.set_option('display.max_rows', 77)",
        "__import__('pandas').get_option('display.max_rows') == 77",
    ),
    "a patched library": ("import numpy; numpy.pi = 3", "__import__('numpy').pi == 3"),
    "a module": ("import sys, types; sys.modules['left'] = types", "'left' in __import__('sys').modules"),
    "the module path": ("import sys; sys.path.insert(0, '/left')", "'/left' in __import__('sys').path"),
    "a warning filter": (
        "import warnings; warnings.filterwarnings('error', 'left')",
        "any('left' in repr(f) for f in __import__('warnings').filters)",
    ),
    "the recursion limit": ("import sys; sys.setrecursionlimit(777)", "__import__('sys').getrecursionlimit() == 777"),
    "a limit": (
        "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (77, 77))",
        "__import__('resource').getrlimit(7)[0] == 77",
    ),
    "a trace function": ("import sys; sys.setprofile(lambda *_: None)", "__import__('sys').getprofile() is not None"),
}


def test_what_one_kernel_leaves_no_other_finds(with_libraries: Zygote, tmp_path: Path) -> None:
    """In any order: one that ran before, one that runs at the same time, one that comes after."""
    deeds = list(DEEDS.values())
    random.shuffle(deeds)
    look = "import json; print(json.dumps([" + ",".join(f"bool({check})" for _, check in deeds) + "]))"
    with forked(with_libraries, tmp_path) as witness, forked(with_libraries, tmp_path) as culprit:
        for deed, _ in deeds:
            assert culprit.run(deed).error == "", deed
        seen = culprit.run(look.replace("import json; ", "import json\n")).json
        at_the_same_time = witness.run(look).json
    with forked(with_libraries, tmp_path) as late:
        afterwards = late.run(look).json

    assert seen == [True] * len(deeds)  # a look that could not tell would prove nothing
    assert at_the_same_time == [False] * len(deeds)
    assert afterwards == [False] * len(deeds)


STREAMS = """
import json, multiprocessing, os, random, secrets, tempfile, uuid
import numpy, scipy.stats
from sklearn.utils import check_random_state
print(json.dumps([
    random.random(), numpy.random.rand(), numpy.random.default_rng().random(), secrets.token_hex(8),
    str(uuid.uuid1()), str(uuid.uuid4()), next(tempfile._get_candidate_names()), os.urandom(8).hex(),
    multiprocessing.current_process().authkey.hex(), scipy.stats.norm.rvs(), check_random_state(None).rand(),
    __import__("ssl").RAND_bytes(8).hex(), __import__("pandas").Series(range(10**6)).sample(1).item(),
]))
"""


def test_every_random_stream_and_key_is_a_kernels_own(with_libraries: Zygote, tmp_path: Path) -> None:
    with (
        forked(with_libraries, tmp_path) as first,
        forked(with_libraries, tmp_path) as second,
        forked(with_libraries, tmp_path) as third,
    ):
        drawn = [kernel.run(STREAMS).json for kernel in (first, second, third)]

    for values in zip(*drawn, strict=True):
        assert len(set(values)) == 3


def test_no_library_that_may_be_preloaded_keeps_a_random_stream(with_libraries: Zygote, tmp_path: Path) -> None:
    """But for those that are drawn anew: `random`'s and NumPy's global ones."""
    with forked(with_libraries, tmp_path) as kernel:
        told = kernel.run(
            "import gc, random, sys, tempfile\ngc.unfreeze()\nnumpy = sys.modules['numpy']\n"
            "kinds = (random.Random, numpy.random.RandomState, numpy.random.Generator)\n"
            "known = {id(random._inst), id(numpy.random.mtrand._rand)}\n"
            "found = [o for m in list(sys.modules.values()) for o in vars(m).values() if isinstance(o, kinds)]\n"
            "found += [o for o in gc.get_objects() if isinstance(o, kinds)]\n"
            "renewed = tempfile._RandomNameSequence  # draws anew where the process is another one\n"
            "print([o for o in found if id(o) not in known and not isinstance(o, random.SystemRandom)"
            " and not any(isinstance(holder, renewed) for holder in gc.get_referrers(o))])"
        )

    assert told.text.strip() == "[]"


def test_a_secret_in_one_kernels_environment_is_nowhere_in_the_zygote_or_a_sibling(
    zygote: Zygote, tmp_path: Path
) -> None:
    secret = f"{random.getrandbits(128):032x}"
    with forked(zygote, tmp_path, environment(MY_SECRET=secret)) as owner, forked(zygote, tmp_path) as sibling:
        assert owner.run("import os; print(len(os.environ['MY_SECRET']))").text.strip() == "32"
        assert memory_holds(owner.pid, secret.encode())
        assert not memory_holds(zygote.pid, secret.encode())
        assert not memory_holds(sibling.pid, secret.encode())
        assert not memory_holds(parent(sibling.pid), secret.encode())
    with forked(zygote, tmp_path) as late:
        assert not memory_holds(late.pid, secret.encode())


def test_a_zygote_is_given_no_variable_that_only_kernels_need(tmp_path: Path) -> None:
    with Zygote.begin(notebook_python(), environment(MY_SECRET="s3cr3t", MPLBACKEND="agg")) as begun:
        while not (seen := psutil.Process(begun.pid).environ()):
            time.sleep(0.001)  # the system fills it in a moment after the program was started

    assert "MY_SECRET" not in seen
    assert seen["MPLBACKEND"] == "agg"


def test_a_kernel_has_no_descriptor_of_the_zygote_or_of_its_keeper(zygote: Zygote, tmp_path: Path) -> None:
    """Through a socket of the zygote's a notebook could ask for kernels, or hold others' connections open."""
    listing = "import os; print(*sorted({os.readlink(f'/proc/{p}/fd/{d}') for d in os.listdir(f'/proc/{p}/fd')\
 if os.path.islink(f'/proc/{p}/fd/{d}')}), sep='\\n')"
    with forked(zygote, tmp_path), forked(zygote, tmp_path) as kernel:
        own = set(kernel.run(f"p = 'self'\n{listing}").text.split())
        theirs = set(kernel.run(f"p = {zygote.pid}\n{listing}").text.split())
        keepers = set(kernel.run(f"p = os.getppid()\n{listing}").text.split())

    assert any(place.startswith("socket:") for place in theirs)
    assert {place for place in own if place.startswith(("socket:", "pipe:"))}.isdisjoint(theirs | keepers)


@pytest.mark.parametrize("name", ["pandas.py", "numpy/__init__.py", "matplotlibrc"])
def test_what_lies_beside_the_notebook_comes_before_what_was_preloaded(
    with_libraries: Zygote, zygote: Zygote, name: str, tmp_path: Path
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")

    with pytest.raises(ForkRefusedError, match="working directory"), forked(with_libraries, tmp_path):
        pass
    with forked(zygote, tmp_path) as kernel:
        assert kernel.run("import pandas; print(pandas.__file__)").text or name != "pandas.py"
