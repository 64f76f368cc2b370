"""The notebooks that are measured: generated, the same ones every time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Notebook = dict[str, Any]

_SMALL = [
    "import json\nimport math\nimport statistics\nrate = 1 + {seed} / 100",
    "values = [round(math.sin(step / 7) * rate, 6) for step in range(200)]\nlen(values)",
    "def summary(numbers):\n    return {{'mean': round(statistics.fmean(numbers), 6), 'largest': max(numbers)}}",
    "print(json.dumps(summary(values), sort_keys=True))",
    "for name in ('a', 'b', 'c'):\n    print(name, sum(ord(letter) for letter in name) * {seed})",
    "assert abs(summary(values)['mean']) < 2\nsorted(values)[:3]",
]
_DATA = [
    "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt",
    "random = np.random.default_rng({seed})\n"
    "frame = pd.DataFrame(random.normal(size=(2000, 4)), columns=list('abcd'))\n"
    "frame['group'] = np.arange(2000) % 5",
    "frame.groupby('group').mean().round(6)",
    "solution = np.linalg.lstsq(frame[list('abc')].to_numpy(), frame['d'].to_numpy(), rcond=None)\n"
    "solution[0].round(6)",
    "frame['a'].rolling(50).mean().plot(title='Notebook {seed}')\nplt.show()",
    "print(frame.describe().round(4).to_string())",
]


def one_cell() -> Mapping[str, Notebook]:
    return {"one": _notebook(["print(6 * 7)"])}


def many_cells(count: int) -> Mapping[str, Notebook]:
    return {"cells": _notebook([f"x{number} = {number}\nx{number} + 1" for number in range(count)])}


def printing_cells(count: int, characters: int) -> Mapping[str, Notebook]:
    cells = [f"print(('{number:06} ' * {characters // 7 + 1})[:{characters - 1}])" for number in range(count)]
    return {"printing": _notebook(cells)}


def large_output(megabytes: int) -> Mapping[str, Notebook]:
    line = "0123456789 " * 9  # 99 characters and the line's end
    return {"large": _notebook([f"print('\\n'.join(['{line}'] * {megabytes * 10_000}))"])}


def small(count: int) -> Mapping[str, Notebook]:
    return {f"small-{seed:03}": _notebook([cell.format(seed=seed) for cell in _SMALL]) for seed in range(count)}


def data_science(count: int) -> Mapping[str, Notebook]:
    return {f"data-{seed:03}": _notebook([cell.format(seed=seed) for cell in _DATA]) for seed in range(count)}


def write(notebooks: Mapping[str, Notebook], folder: Path) -> None:
    """Each as NAME.ipynb."""
    folder.mkdir(parents=True)
    for name, notebook in notebooks.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook, indent=1), encoding="utf-8")


def write_cells(sources: Sequence[str], file: Path) -> None:
    """One notebook of code cells with these sources."""
    file.write_text(json.dumps(_notebook(sources), indent=1), encoding="utf-8")


def read(file: Path) -> Notebook:
    notebook: Notebook = json.loads(file.read_text(encoding="utf-8"))
    return notebook


def _notebook(sources: Sequence[str]) -> Notebook:
    cells: list[Notebook] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(sources)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
