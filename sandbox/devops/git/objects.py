"""What git says of a repository: items, changes, commits, archives."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sandbox.devops.git import errors
from sandbox.devops.git.state import Repository

_CHANGES = {"A": "add", "M": "edit", "T": "edit", "D": "delete", "R": "rename", "C": "branch"}


@dataclass(frozen=True)
class Item:
    """A file or folder at a commit; path begins with a slash."""

    path: str
    object_id: str
    kind: str  # blob, tree or commit (a submodule)
    mode: int


@dataclass(frozen=True)
class Change:
    """kind: flags as the service writes them, like `edit, rename`."""

    path: str
    object_id: str
    kind: str
    original_path: str | None = None


@dataclass(frozen=True)
class Commit:
    id: str
    tree: str
    parents: tuple[str, ...]
    author: str
    email: str
    date: str
    comment: str


def is_repository(path: Path) -> bool:
    """Whether a working copy or a bare repository is there."""
    command = ["git", "-C", str(path), "rev-parse", "--git-dir"]
    return path.is_dir() and subprocess.run(command, check=False, capture_output=True).returncode == 0


def default_branch(repository: Repository) -> str:
    """The branch that HEAD is on, as a full name; of a detached HEAD `refs/heads/main`."""
    found = _git(repository, "symbolic-ref", "-q", "HEAD", check=False).decode().strip()
    return found or "refs/heads/main"


def refs(repository: Repository) -> dict[str, str]:
    lines = _git(repository, "for-each-ref", "--format=%(refname) %(objectname)").decode().splitlines()
    return dict(line.split(" ", 1) for line in lines)


def resolve(repository: Repository, version: str, kind: str = "branch") -> str:
    """The id of a commit that is named as a branch (without refs/heads/), a tag or a commit."""
    if kind == "commit" and not re.fullmatch("[0-9a-fA-F]{4,64}", version):
        raise errors.commit_not_found(f"commit: {version}")
    prefix = {"branch": "refs/heads/", "tag": "refs/tags/", "commit": ""}[kind]
    name = version if version.startswith("refs/") else prefix + version
    found = _git(repository, "rev-parse", "-q", "--verify", f"{name}^{{commit}}", check=False).decode().strip()
    if not found or version.startswith("-"):
        raise errors.commit_not_found(f"{kind}: {version}")
    return found


def items(repository: Repository, commit: str, path: str, recursive: bool) -> list[Item]:
    """What is at a path (`/` for all): the item itself, then what a folder holds."""
    inside = path.strip("/")
    own = Item("/" + inside, *_kind(repository, commit, inside))
    if own.kind != "tree":
        return [own]
    arguments = ["ls-tree", "-z", "-t", *(["-r"] if recursive else []), f"{commit}:{inside}"]
    found = [own]
    for entry in _git(repository, *arguments).decode("utf-8", "replace").split("\0")[:-1]:
        head, _, name = entry.partition("\t")
        mode, kind, object_id = head.split(" ")
        found.append(Item(f"{own.path.rstrip('/')}/{name}", object_id, kind, int(mode, 8)))
    return found


def blob(repository: Repository, object_id: str) -> bytes:
    return _git(repository, "cat-file", "blob", object_id)


def archive(repository: Repository, commit: str, path: str, for_unix: bool) -> bytes:
    """A zip of a folder; with its file modes and links only where Unix is asked for. LFS pointers stay pointers."""
    found = items(repository, commit, path, recursive=True)
    base = PurePosixPath(found[0].path).parent if found[0].path != "/" else PurePosixPath("/")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for item in found:
            if item.kind != "blob":
                continue
            entry = zipfile.ZipInfo(PurePosixPath(item.path).relative_to(base).as_posix(), (2000, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            if for_unix:
                entry.create_system = 3
                entry.external_attr = item.mode << 16
            file.writestr(entry, blob(repository, item.object_id))
    return buffer.getvalue()


def changes(repository: Repository, base: str, target: str) -> list[Change]:
    """What is different in target, files only, renames found."""
    fields = _git(repository, "diff-tree", "-r", "-z", "-M", "--no-commit-id", base, target).decode("utf-8", "replace")
    parts, found = iter(fields.split("\0")), []
    for head in parts:
        if not head:
            break
        _, _, _, new_id, status = head.split(" ")
        path, original = "/" + next(parts), None
        kind = _CHANGES[status[0]]
        if status[0] in "RC":
            original, path = path, "/" + next(parts)
            if status[0] == "R" and status != "R100":
                kind = "edit, rename"
        found.append(Change(path, new_id, kind, original))
    return found


def commit(repository: Repository, commit_id: str) -> Commit:
    text = _git(repository, "show", "-s", "--format=%H%n%T%n%P%n%an%n%ae%n%aI%n%B", commit_id).decode(
        "utf-8", "replace"
    )
    id_, tree, parents, author, email, date, comment = text.split("\n", 6)
    return Commit(id_, tree, tuple(parents.split()), author, email, date, comment.strip())


def empty_tree(repository: Repository) -> str:
    return _git(repository, "hash-object", "-t", "tree", "--stdin").decode().strip()


def merge_base(repository: Repository, one: str, other: str) -> str | None:
    return _git(repository, "merge-base", one, other, check=False).decode().strip() or None


def distance(repository: Repository, base: str, target: str) -> tuple[int, int]:
    """How many commits target is ahead of base, and behind it."""
    behind, ahead = _git(repository, "rev-list", "--left-right", "--count", f"{base}...{target}").decode().split()
    return int(ahead), int(behind)


def _kind(repository: Repository, commit_id: str, inside: str) -> tuple[str, str, int]:
    if not inside:
        return _git(repository, "rev-parse", f"{commit_id}^{{tree}}").decode().strip(), "tree", 0o040000
    entry = _git(repository, "ls-tree", "-z", commit_id, "--", inside).decode("utf-8", "replace").rstrip("\0")
    if not entry:
        raise errors.item_not_found("/" + inside, commit_id)
    mode, kind, object_id = entry.partition("\t")[0].split(" ")
    return object_id, kind, int(mode, 8)


def _git(repository: Repository, *arguments: str, check: bool = True) -> bytes:
    return subprocess.run(
        ["git", "-C", str(repository.path), "-c", "core.quotePath=false", "-c", "safe.directory=*", *arguments],
        check=check,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    ).stdout
