"""What is sent with a job: a folder with the notebook, what it needs, and the runner; as small as can be.

    <path from the repository's root>   the notebook with the files it declares, or else with its folder
    config.json                         names the workspace, for `MLClient.from_config()`
    .amltasks/runner.zip                this package, the same code as here
    .amltasks/requirements.txt          what this package needs there
    .amltasks/start.py                  what the job calls, see `start`

It holds nothing of one build or one parameter set: the same files give the same folder, which is then not sent again.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import amltasks
from amltasks.errors import UserError
from amltasks.platforms.azureml.connection import Workspace
from amltasks.platforms.azureml.environment import runner_requirements
from amltasks.platforms.base import NotebookRun
from amltasks.sizes import size_words

# https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas: of a snapshot
MOST_BYTES = 300 * 1024 * 1024
MOST_FILES = 2000
IGNORE_FILES = (".amlignore", ".gitignore")  # in a folder, the first that exists
RUNNER_FOLDER = ".amltasks"
RUNNER = "runner.zip"
REQUIREMENTS = "requirements.txt"
START = "start.py"
CONFIG = "config.json"
_SHOWN = 5
_ALWAYS_IGNORED = (".git", "__pycache__", ".ipynb_checkpoints", ".amltasks-cache", RUNNER_FOLDER)
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def files_of(run: NotebookRun, root: Path) -> list[Path]:
    """What the run needs of the repository, absolute, in order: the notebook, and the files it declares or else all of
    its folder that is not ignored. Raises UserError where that is more than Azure ML takes."""
    wanted = {run.source}
    for path in run.files or (run.source.parent,):
        wanted.update(files_below(path, root) if path.is_dir() else [path])
    if run.working_directory not in (run.source.parent, root):
        wanted.update(files_below(run.working_directory, root))
    results = run.folder.parent
    inside = root.resolve()  # a link out of the repository would send what is none of it
    files = sorted(path for path in wanted if results not in path.parents and path.resolve().is_relative_to(inside))
    _refuse_too_much(run, files, root)
    return files


def make_snapshot(folder: Path, files: Iterable[Path], root: Path, workspace: Workspace) -> None:
    """Fills the empty folder. Links are followed: a job has nothing but what is in it."""
    for file in files:
        target = folder / file.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    if not (folder / CONFIG).exists():
        config = {
            "subscription_id": workspace.subscription,
            "resource_group": workspace.resource_group,
            "workspace_name": workspace.name,
        }
        (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    runner = folder / RUNNER_FOLDER
    runner.mkdir()
    package = Path(amltasks.__file__).parent
    shutil.copyfile(package / "platforms" / "azureml" / START, runner / START)
    (runner / REQUIREMENTS).write_text("\n".join([*runner_requirements(), ""]), "utf-8")
    write_runner(runner / RUNNER)


def write_runner(path: Path) -> None:
    """This package as a zip file: the same bytes wherever it is made."""
    package = Path(amltasks.__file__).parent
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(package.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".pyc":
                entry = zipfile.ZipInfo(file.relative_to(package.parent).as_posix(), _LONG_AGO)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, file.read_bytes())


def files_below(folder: Path, root: Path) -> Iterator[Path]:
    """The files below a folder of the repository that no ignore file between the root and them excludes."""
    chain = [root, *(root / part for part in _steps(folder.relative_to(root)))]
    yield from _walk(folder, [rules for above in chain[:-1] if (rules := _Rules.of(above))])


def _steps(path: Path) -> Iterator[Path]:
    return (Path(*path.parts[: count + 1]) for count in range(len(path.parts)))


def _walk(folder: Path, rules: list[_Rules]) -> Iterator[Path]:
    own = _Rules.of(folder)
    rules = [*rules, own] if own else rules
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        if entry.name in _ALWAYS_IGNORED or entry.name in IGNORE_FILES:
            continue
        if _ignored(path, is_folder=entry.is_dir(), rules=rules):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, rules)
        elif entry.is_file():
            yield path


def _ignored(path: Path, *, is_folder: bool, rules: list[_Rules]) -> bool:
    """As git sees it: of the files that say something of it, the nearest counts."""
    for rule in reversed(rules):
        said = rule.says(path, is_folder=is_folder)
        if said is not None:
            return said
    return False


class _Rules:
    """The ignore file of one folder."""

    def __init__(self, folder: Path, text: str) -> None:
        from pathspec import GitIgnoreSpec

        self._folder = folder
        self._spec = GitIgnoreSpec.from_lines(text.splitlines())

    @classmethod
    def of(cls, folder: Path) -> _Rules | None:
        """None where the folder has no ignore file."""
        for name in IGNORE_FILES:
            file = folder / name
            if file.is_file():
                return cls(folder, file.read_text("utf-8", "replace"))
        return None

    def says(self, path: Path, *, is_folder: bool) -> bool | None:
        """Whether it is to be ignored; None where no rule speaks of it."""
        name = path.relative_to(self._folder).as_posix()
        return self._spec.check_file(f"{name}/" if is_folder else name).include


def _refuse_too_much(run: NotebookRun, files: list[Path], root: Path) -> None:
    sizes = {file: file.stat().st_size for file in files}
    total = sum(sizes.values())
    if total <= MOST_BYTES and len(files) <= MOST_FILES:
        return
    if total > MOST_BYTES:
        what = f"{size_words(total)}; Azure ML takes {size_words(MOST_BYTES)}"
        largest = sorted(sizes, key=lambda file: -sizes[file])[:_SHOWN]
        names = [f"{file.relative_to(root).as_posix()} ({size_words(sizes[file])})" for file in largest]
    else:
        what = f"{len(files):,} files; Azure ML takes {MOST_FILES:,}"
        counts: dict[Path, int] = {}
        for file in files:
            counts[file.parent] = counts.get(file.parent, 0) + 1
        fullest = sorted(counts, key=lambda folder: -counts[folder])[:_SHOWN]
        names = [f"{folder.relative_to(root).as_posix()} ({counts[folder]:,} files)" for folder in fullest]
    how = "declare only what it needs as `files`, or name the rest in .amlignore"
    raise UserError(f"{run.notebook}: what would be sent with it has {what}. Most of it: {', '.join(names)}: {how}.")
