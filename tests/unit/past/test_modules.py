"""Which of the repository's files a notebook's code uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from amltasks.past.modules import Modules

FILES = {
    "notebooks/helper.py": "import src.features.build\n",
    "src/features/build.py": "from .more import x\n",
    "src/features/more.py": "",
    "src/features/words.json": "{}",
    "src/unused.py": "import other\n",
    "tools/other.py": "",
    "tools/fast.cpython-311-x86_64-linux-gnu.so": "",
    "steps/prepare.ipynb": '{"cells": [{"source": "x = 1\\nimport lonely\\n"}]}',
    "deep/down/lonely.py": "",
    "scripts/job.py": "from other import *\n",
    ".venv-like/pyvenv.cfg": "",
    "env/pyvenv.cfg": "",
    "env/lib/pandas.py": "",
    "results/helper.py": "",
    ".hidden/helper.py": "",
    "a/loop_a.py": "import loop_b\n",
    "a/loop_b.py": "import loop_a\n",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


SRC = ["src/features/build.py", "src/features/more.py", "src/features/words.json", "src/unused.py"]


@pytest.mark.parametrize(
    ("source", "used"),
    [
        ("import pandas as pd, numpy\nprint('no code of ours')", []),
        ("import os, helper as h", ["notebooks/helper.py", *SRC, "tools/other.py"]),
        ("if True: from other import (\n    a,\n    b)", ["tools/other.py"]),
        ("try:\n    import fast\nexcept ImportError: pass", ["tools/fast.cpython-311-x86_64-linux-gnu.so"]),
        ("import sys; sys.path.insert(0, f'{x}/deep'); import lonely", ["deep/down/lonely.py"]),
        ("import importlib\nm = importlib.import_module('lonely')", ["deep/down/lonely.py"]),
        ("%load_ext lonely", ["deep/down/lonely.py"]),
        ("%run ../scripts/job.py --fast", ["scripts/job.py", "tools/other.py"]),
        ("!python scripts/job.py", ["scripts/job.py", "tools/other.py"]),
        ("!python -m lonely", ["deep/down/lonely.py"]),
        ("%run ../steps/prepare.ipynb", ["deep/down/lonely.py", "steps/prepare.ipynb"]),
        ("import loop_a", ["a/loop_a.py", "a/loop_b.py"]),
    ],
)
def test_code_of_the_repository_is_found(source: str, used: list[str], repository: Path) -> None:
    modules = Modules(repository, [repository / "results"])

    found = modules.used_by([source], repository / "notebooks")

    assert sorted({path.resolve().relative_to(repository.resolve()).as_posix() for path in found}) == sorted(used)


def test_modules_elsewhere_on_the_path_count_too(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "shared_code.py").write_text("", encoding="utf-8")

    found = Modules(repository, [], [elsewhere]).used_by(["import shared_code"], repository)

    assert found == {elsewhere / "shared_code.py"}
