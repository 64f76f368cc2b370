"""What is imported before the fork: what the notebooks import, as far as it is known to survive."""

from __future__ import annotations

import pytest

from amltasks.kernels.preload import choose, may_install

FIGURES = ("matplotlib.backends.backend_agg", "matplotlib.figure", "matplotlib.widgets")


@pytest.mark.parametrize(
    ("sources", "modules"),
    [
        (["import pandas as pd"], ("pandas",)),
        (["import numpy as np, pandas.io.json"], ("numpy", "pandas.io.json")),
        (["from sklearn.linear_model import Ridge"], ("sklearn.linear_model",)),
        (["from scipy import stats"], ("scipy", "scipy.stats")),
        (["if True:\n    def f():\n        import numpy"], ("numpy",)),
        (["%matplotlib inline\nimport numpy\n!ls\nx = 1"], ("numpy",)),
        (["%%time\nimport numpy"], ("numpy",)),
        (["import matplotlib.pyplot as plt"], FIGURES),
        (["from matplotlib import pyplot as plt"], ("matplotlib", *FIGURES)),
        (["import torch, tensorflow, ray, seaborn_x, mine", "from . import pandas"], ()),
        (["%%bash\nimport numpy"], ()),
        (["this is no Python: import numpy", "x = (((("], ()),
        (["'import numpy'\n# import numpy"], ()),
        (["import pandas", "import numpy", "import pandas"], ("numpy", "pandas")),
        ([], ()),
    ],
)
def test_modules_are_found_in_import_statements(sources: list[str], modules: tuple[str, ...]) -> None:
    assert choose(sources) == modules


@pytest.mark.filterwarnings("error")
def test_looking_at_a_cell_warns_nobody() -> None:
    assert choose(["import numpy\nlabel = '\\mu'"]) == ("numpy",)


def test_a_library_that_imports_pyplot_brings_what_it_needs_but_not_itself() -> None:
    assert set(FIGURES) < set(choose(["import seaborn as sns"]))
    assert not any(name.startswith(("seaborn", "matplotlib.pyplot")) for name in choose(["import seaborn as sns"]))


@pytest.mark.parametrize(
    "source",
    [
        "%pip install pandas",
        "!pip3 install -q x",
        "!{sys.executable} -m pip install x",
        "subprocess.run([sys.executable, '-m', 'pip', 'install', 'x'])",
        "%conda install x",
        "!uv pip install x",
        "%%bash\npip install x",
    ],
)
def test_a_notebook_that_installs_packages_is_known(source: str) -> None:
    assert may_install(["import pandas", source])


def test_words_that_only_look_like_an_installer_are_none() -> None:
    assert not may_install(["pipeline = make_pipeline()", "import pandas", "recap = uvw"])
