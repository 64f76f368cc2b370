"""Which libraries a zygote imports beforehand: those that its notebooks import, as far as they survive a fork."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable

# Tested to hold no thread, file, random stream or device of their own once imported, or to renew it in a fork.
# Not: seaborn, which imports pyplot; sympy, which makes a random stream of its own.
_ALLOWED = ("numpy", "pandas", "scipy", "sklearn", "pyarrow", "matplotlib", "PIL")

# What a module needs that must not be imported beforehand itself: pyplot looks for a running shell.
_INSTEAD = {
    "matplotlib.pyplot": ("matplotlib.figure", "matplotlib.widgets", "matplotlib.backends.backend_agg"),
    "matplotlib.pylab": ("matplotlib.figure", "matplotlib.widgets", "matplotlib.backends.backend_agg"),
    "seaborn": ("pandas", "scipy.stats", "matplotlib.figure", "matplotlib.widgets", "matplotlib.backends.backend_agg"),
    "statsmodels": ("pandas", "scipy.stats", "scipy.optimize", "scipy.signal"),
}

_INSTALLER = re.compile(r"\b(pip3?|conda|mamba|micromamba|uv|poetry|easy_install|ensurepip|apt|apt-get)\b")
_MAGIC = re.compile(r"^\s*(%|!)")


def choose(sources: Iterable[str]) -> tuple[str, ...]:
    """Modules worth importing before the notebooks with these code cells are run, in a fixed order."""
    return tuple(sorted({module for source in sources for name in _imported(source) for module in _beforehand(name)}))


def may_install(sources: Iterable[str]) -> bool:
    """Whether one of these code cells may install packages: to be started directly.

    What it installs must be what it then imports, and not what a zygote has imported before.
    """
    return any(_INSTALLER.search(source) for source in sources)


def _beforehand(name: str) -> tuple[str, ...]:
    for bound, instead in _INSTEAD.items():
        if name == bound or name.startswith(bound + "."):
            return instead
    return (name,) if name.partition(".")[0] in _ALLOWED else ()


def _imported(source: str) -> set[str]:
    """Absolute names in the import statements of a cell; none where it is no Python."""
    if re.match(r"\s*%%(?!time\b|timeit\b|capture\b|prun\b)", source):
        return set()
    plain = "\n".join("pass" if _MAGIC.match(line) else line for line in source.splitlines())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a doubtful escape is told by the kernel that runs the cell
            tree = ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names if node.module in _ALLOWED)
    return names
