"""What our engine makes of a notebook is what papermill makes of it, in every mode; what is not is known and named."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Set
from pathlib import Path

import pytest
from benchmark.equality import short

from amltasks.kernels.preload import choose
from tests.fidelity.differing import Difference, find
from tests.fidelity.known import KNOWN, UNSTEADY
from tests.fidelity.notebooks import PUBLISHED, Case, UnavailableError, cases, published, sources
from tests.fidelity.programs import MODES, PAPERMILL, Stage
from tests.locking import one_at_a_time
from tests.notebooks.running import ROOT

PAGE = ROOT / "docs" / "differences-from-papermill.md"
# Of every kind one; all are a matter of a quarter of an hour.
SHORT = {
    "nbclient/SVG", "nbclient/update-display-id", "papermill/line_magic_error", "s01-papermill-simple-execute",
    "s08-myst-complex-outputs", "s10-nbclient-widgets", "s15-nteract-rich-outputs", "s22-azureml-training-notebook",
    "s38-nbclient-autokill", "s40-papermill-sysexit1", "s56-nbformat-metadata-not-dict", "s61-papermill-r-kernel",
    "s62-nbclient-skip-execution", "s63-nbclient-raises-exception", "s66-papermill-sysexit",
}  # fmt: skip
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
ALL = [pytest.param(case, id=case.id, marks=() if case.id in SHORT else pytest.mark.long) for case in cases()]


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("stage"), choose(sources()))
    yield made
    made.close()


@pytest.fixture(scope="session")
def downloads(shared: Path) -> Path:
    """A lock: what is downloaded is downloaded once."""
    return shared / "fidelity.lock"


@pytest.mark.parametrize("case", ALL)
@pytest.mark.timeout(1200)
def test_every_mode_makes_of_a_notebook_what_papermill_makes_of_it(case: Case, stage: Stage, downloads: Path) -> None:
    try:
        with one_at_a_time(downloads):
            case.fetch()
        theirs = stage.run(PAPERMILL, case)
    except UnavailableError as error:
        pytest.skip(str(error))

    found = {mode: list(find(stage.run(mode, case), theirs)) for mode in MODES}

    meant = {mode: _meant(case, mode) for mode in MODES}
    unsteady = UNSTEADY.get(case.id, frozenset())
    if any({each.where for each in found[mode]} != meant[mode] for mode in MODES):
        unsteady |= {each.where for each in find(stage.run(PAPERMILL, case), theirs)}
    for mode in MODES:
        left = [each for each in found[mode] if not (each.where in unsteady and each.of_content_alone)]
        assert {each.where for each in left} == meant[mode], _shown(mode, left)


@pytest.mark.parametrize("package", PUBLISHED)
@pytest.mark.long
def test_all_notebooks_of_a_package_are_compared(package: str, downloads: Path) -> None:
    try:
        with one_at_a_time(downloads):
            folder = published(package)
    except UnavailableError as error:
        pytest.skip(str(error))

    there = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.ipynb")}

    assert there == set(PUBLISHED[package][1])


def test_the_page_names_every_known_difference_and_the_notebooks_that_show_it() -> None:
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    said = {}
    for section in sections:
        title, _, text = section.partition("\n")
        _, _, shown = text.partition("Shown by ")
        if shown:
            said[title] = set(re.findall(r"`([^`]+)`", shown))

    assert said == {known.title: set(known.where) for known in KNOWN}


def _meant(case: Case, mode: str) -> Set[str]:
    return {place for known in KNOWN if mode in known.modes for place in known.where.get(case.id, ())}


def _shown(mode: str, differences: list[Difference]) -> str:
    lines = [f"{each.where}: {short(each.ours)} against {short(each.theirs)}" for each in differences]
    return "\n".join([f"{mode}, ours against papermill's:", *lines])
