"""The repository's own code that a notebook uses: whatever there has the name of something that it imports.

Where Python would find a module depends on paths that notebooks change as they run. So every file and package of the
repository with that name counts, and what these import in turn. One too many makes a notebook run again without need;
one too few would give an old result for new code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from amltasks.past.digests import NotReusableError, files_below

_IMPORTS = re.compile(r"\bimport\s+([^#;\n]+)")
_OTHERS = re.compile(
    r"(?:\bfrom|\s-m|%load_ext|%reload_ext|%aimport)\s+([A-Za-z_]\w*)"
    r"|(?:import_module|__import__)\(\s*[\"']([A-Za-z_]\w*)"
)
_FILES = re.compile(r"[\w./\\~-]+\.(?:py|ipynb|sh|sql|R)\b")
_SUFFIXES = (".py", ".so", ".pyd", ".pyx")
MOST_FILES = 500_000  # that are looked through for code


class Modules:
    """What can be imported from a repository, found by one walk through it.

    left_out: folders in it that hold no code of people, such as those that results are written to.
    elsewhere: folders outside of it from which Python imports, beside its own.
    """

    def __init__(self, root: Path, left_out: Iterable[Path], elsewhere: Iterable[Path] = ()) -> None:
        self._root = root
        self._left_out = {form for path in left_out for form in (path, path.resolve())}
        self._by_name: dict[str, set[Path]] = {}
        self._named: dict[Path, frozenset[str]] = {}  # what a file imports
        for folder in [root, *elsewhere]:
            for path in files_below(folder, self._may_hold_code, MOST_FILES):
                if path.suffix in _SUFFIXES:
                    self._add(path.name.partition(".")[0], path)
                    for parent in path.parents:
                        if parent == folder:
                            break
                        self._add(parent.name, parent)

    def used_by(self, sources: Iterable[str], working_directory: Path) -> frozenset[Path]:
        """The files that code uses, directly or by what it imports. Raises NotReusableError."""
        text = "\n".join(sources)
        found: set[Path] = set()
        waiting = [path for name in _imported(text) for path in self._by_name.get(name, ())]
        waiting += self._mentioned(text, working_directory)
        seen = set(waiting)
        while waiting:
            path = waiting.pop()
            for file in [path] if path.is_file() else files_below(path, self._belongs_to_code):
                found.add(file)
                for name in self._imports_of(file):
                    new = self._by_name.get(name, set()) - seen
                    seen |= new
                    waiting += new
        return frozenset(found)

    def _imports_of(self, file: Path) -> frozenset[str]:
        if file.suffix not in (".py", ".ipynb"):
            return frozenset()
        if file not in self._named:
            try:
                text = file.read_text(encoding="utf-8", errors="replace")
                self._named[file] = frozenset(_imported(text.replace("\\n", "\n") if file.suffix == ".ipynb" else text))
            except OSError as error:
                raise NotReusableError(f"{file.name} cannot be read: {error.strerror}.") from None
        return self._named[file]

    def _mentioned(self, text: str, working_directory: Path) -> list[Path]:
        """Files of code that are named, as for %run."""
        names = set(_FILES.findall(text))
        candidates = (folder / name for name in names for folder in (working_directory, self._root))
        return [path for path in candidates if path.is_file()]

    def _add(self, name: str, path: Path) -> None:
        self._by_name.setdefault(name, set()).add(path)

    def _may_hold_code(self, path: Path) -> bool:
        return not path.name.startswith(".") and path.name != "site-packages" and path not in self._left_out

    def _belongs_to_code(self, path: Path) -> bool:
        return self._may_hold_code(path) and path.suffix != ".ipynb"


def _imported(text: str) -> Iterator[str]:
    """First parts of the names that code imports; comments and texts may add some."""
    for names in _IMPORTS.findall(text):
        for name in names.split(","):
            if found := re.match(r"\s*\(?\s*([A-Za-z_]\w*)", name):
                yield found[1]
    for groups in _OTHERS.findall(text):
        yield from filter(None, groups)
