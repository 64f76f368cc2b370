"""The folder of results: whole or not at all, harmless when damaged, and small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import pytest

from amltasks.past.digests import NotReusableError
from amltasks.past.store import ENTRY, KEPT_SECONDS, Store, StoreError
from amltasks.report.model import Artefact, ArtefactKind, NotebookResult, Origin, Outcome

KEY, OTHER = "a" * 64, "b" * 64
ORIGIN = Origin(
    build="20261121.3", url="https://dev.azure.com/o/p/_build/results?buildId=7", at=datetime.now(timezone.utc)
)


def a_result(folder: Path, text: str = "output") -> NotebookResult:
    files = {
        "executed.ipynb": ArtefactKind.NOTEBOOK,
        "console.log": ArtefactKind.LOG,
        "images/1.png": ArtefactKind.IMAGE,
    }
    for name in [*files, "train.html"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}: {text}", encoding="utf-8")
    artefacts = [Artefact(kind=kind, path=folder / name, name=Path(name).name) for name, kind in files.items()]
    artefacts.append(Artefact(kind=ArtefactKind.HTML, path=folder / "train.html", name="train.html"))
    return NotebookResult(
        run_id="train",
        notebook="train.ipynb",
        outcome=Outcome.PASSED,
        duration=3.5,
        scraps={"r2": 0.5},
        folder=folder,
        artefacts=tuple(artefacts),
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


def entry(tmp_path: Path, key: str = KEY) -> Path:
    return tmp_path / "cache" / f"{key}.zip"


def test_a_result_comes_back_with_its_files_and_where_it_is_from(store: Store, tmp_path: Path) -> None:
    kept = a_result(tmp_path / "then")
    store.put(KEY, kept, ORIGIN)

    found = store.get(KEY, tmp_path / "now")

    assert found
    result, origin = found
    assert origin == ORIGIN
    assert (result.duration, result.scraps, result.folder) == (3.5, {"r2": 0.5}, tmp_path / "now")
    assert {a.path.relative_to(tmp_path / "now").as_posix(): a.path.read_text() for a in result.artefacts} == {
        "executed.ipynb": "executed.ipynb: output",
        "console.log": "console.log: output",
        "images/1.png": "images/1.png: output",
    }


def test_another_key_finds_nothing(store: Store, tmp_path: Path) -> None:
    assert store.get(KEY, tmp_path / "now") is None
    store.put(KEY, a_result(tmp_path / "then"), ORIGIN)

    assert store.get(OTHER, tmp_path / "now") is None


def changed(path: Path, **members: object) -> None:
    """The entry with other members in its entry.json."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents[ENTRY] = json.dumps({**json.loads(contents[ENTRY]), **members}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(data)


def climb_out(path: Path) -> None:
    artefact = {"kind": "log", "path": "../../stolen.txt", "name": "x"}
    result = {"runId": "t", "notebook": "t", "outcome": "passed", "artefacts": [artefact]}
    changed(path, result=result)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../stolen.txt", "gotcha")


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": truncate,
    "flipped": flip,
    "no zip": lambda path: path.write_text("hello" * 100),
    "of another version": lambda path: changed(path, format=99),
    "with unknown members": lambda path: changed(path, surprise=1),
    "without a result": lambda path: changed(path, result=None),
    "leading out of the folder": climb_out,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_one_sentence_and_gone(damage: str, store: Store, tmp_path: Path) -> None:
    store.put(KEY, a_result(tmp_path / "then"), ORIGIN)
    DAMAGES[damage](entry(tmp_path))
    before = {path for path in tmp_path.rglob("*") if path != entry(tmp_path)}

    with pytest.raises(StoreError, match=r"^A result kept for reuse is damaged and was removed \(.+\)\.$"):
        store.get(KEY, tmp_path / "now" / "train")

    assert not entry(tmp_path).exists()
    left = set(tmp_path.rglob("*")) - before
    assert left == {tmp_path / "now", tmp_path / "now" / "train"}
    assert store.get(KEY, tmp_path / "now" / "train") is None


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")

    with pytest.raises(StoreError, match=r"^Results cannot be kept for reuse: .*cache: .+\.$"):
        Store(tmp_path / "cache").put(KEY, a_result(tmp_path / "then"), ORIGIN)


_WRITE_FOR_EVER = """
import itertools, sys
from pathlib import Path
from tests.unit.past.test_store import KEY, ORIGIN, a_result
from amltasks.past.digests import NotReusableError
from amltasks.past.store import Store
folder = Path(sys.argv[1])
result = a_result(folder / sys.argv[2], sys.argv[2] * 300_000)
print("writing", flush=True)
for _ in itertools.count() if sys.argv[2] == "killed" else range(40):
    Store(folder / "cache").put(KEY, result, ORIGIN)
"""


def start_writing(folder: Path, name: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", _WRITE_FOR_EVER, folder, name], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"writing\n"
    return process


def test_whoever_is_killed_while_writing_leaves_a_whole_entry_or_none(store: Store, tmp_path: Path) -> None:
    for number in range(5):
        with start_writing(tmp_path, "killed") as process:
            while number and not list((tmp_path / "cache").glob(".*.part")):
                assert process.poll() is None
            process.kill()
        found = store.get(KEY, tmp_path / f"now{number}")
        assert found is None or found[0].artefacts[1].path.read_text().endswith("killedkilled")

    store.tidy(now=datetime.now(timezone.utc).timestamp() + 7200)
    assert not list((tmp_path / "cache").glob(".*.part"))


def test_two_that_write_the_same_at_once_do_no_harm(store: Store, tmp_path: Path) -> None:
    with start_writing(tmp_path, "one") as first, start_writing(tmp_path, "two") as second:
        rounds = 0
        while first.poll() is None or second.poll() is None:
            rounds += 1
            found = store.get(KEY, tmp_path / f"now{rounds}")
            texts = {artefact.path.read_text()[-3:] for artefact in found[0].artefacts} if found else {"one"}
            assert texts in ({"one"}, {"two"})

    assert (first.returncode, second.returncode) == (0, 0)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [f"{KEY}.zip"]


def test_what_is_old_or_too_much_goes_least_recently_used_first(store: Store, tmp_path: Path) -> None:
    now = datetime.now(timezone.utc).timestamp()
    ages = {"1": 10.0, "2": 1000.0, "3": 500.0, "4": KEPT_SECONDS + 60}
    for letter, age in ages.items():
        store.put(letter * 64, a_result(tmp_path / letter), ORIGIN)
        os.utime(entry(tmp_path, letter * 64), (now - age, now - age))
    store.tidy(now)
    assert {path.name[0] for path in (tmp_path / "cache").iterdir()} == {"1", "2", "3"}

    assert store.get("2" * 64, tmp_path / "now")  # used again: no longer the oldest
    size = entry(tmp_path, "1" * 64).stat().st_size
    store.tidy(now, most=int(2.5 * size))

    assert {path.name[0] for path in (tmp_path / "cache").iterdir()} == {"1", "2"}


def test_pages_are_not_kept_since_they_are_made_anew(store: Store, tmp_path: Path) -> None:
    store.put(KEY, a_result(tmp_path / "then"), ORIGIN)

    with zipfile.ZipFile(entry(tmp_path)) as archive:
        assert sorted(archive.namelist()) == ["console.log", ENTRY, "executed.ipynb", "images/1.png"]
        assert archive.read("console.log") == b"console.log: output"


def test_what_was_handed_on_is_not_kept(store: Store, tmp_path: Path) -> None:
    kept = a_result(tmp_path / "then")
    (tmp_path / "then" / "outputs").mkdir()

    with pytest.raises(NotReusableError, match="later steps"):
        store.put(KEY, kept, ORIGIN)
