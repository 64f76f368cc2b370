"""Malformed, huge and oddly named files: what can be read runs, the rest is invalid with one sentence."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from amltasks.report.model import Outcome
from tests.notebooks.running import SHARED, Ran, run_async

MAKER = SHARED / "hostile" / "make_hostile.py"

# Readable without loss, so they run.
RUNS = {
    "m08_bom.ipynb",
    "m11_crlf.ipynb",
    "m12_cr.ipynb",
    "m34_minor_99.ipynb",
    "m47_tags_dup.ipynb",
    "m48_id_bad.ipynb",
    "m49_id_dup.ipynb",
    "m50_id_missing.ipynb",
    "m53_kernel_traversal.ipynb",
    "m54_kernel_inject.ipynb",
    "m55_kernel_missing.ipynb",
    "m56_kernel_unknown.ipynb",
    "m61_v3.ipynb",
    "m68_params_syntax.ipynb",
    "m69_params_markdown.ipynb",
    "m70_pm_metadata.ipynb",
    "m72_injected.ipynb",
}

# Some of those that are refused, need another kernel, or run all the same.
OTHERS = {
    "m01_empty.ipynb",
    "m03_binary.ipynb",
    "m57_kernel_null.ipynb",
    "m58_kernel_int.ipynb",
    "m59_lang_r.ipynb",
    "m62_depth_metadata.ipynb",
    "m63_depth_1000.ipynb",
    "m71_pm_cell_metadata.ipynb",
    "m73_requirejs.ipynb",
}


@pytest.fixture(scope="session")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them but the 100 MB ones, written anew."""
    if not MAKER.is_file():
        pytest.skip(f"the hostile notebooks are not here: {MAKER}")
    folder = tmp_path_factory.mktemp("heavy")
    subprocess.run([sys.executable, MAKER, "--heavy", folder, "--no-big"], check=True, capture_output=True)
    return folder


def run_all(paths: list[Path], folder: Path, cell_timeout: float = 20) -> dict[str, Ran]:
    """Two at a time: most are over before a kernel starts."""

    async def run_each() -> list[Ran]:
        places = asyncio.Semaphore(2)

        async def one(number: int, path: Path) -> Ran:
            async with places:
                return await run_async(path, folder / str(number), cell_timeout=cell_timeout)

        return await asyncio.gather(*(one(number, path) for number, path in enumerate(paths)))

    return {path.name: ran for path, ran in zip(paths, asyncio.run(run_each()), strict=True)}


@pytest.mark.parametrize("part", ["some", pytest.param("all", marks=pytest.mark.long)])
def test_a_malformed_notebook_runs_or_is_invalid_with_one_sentence(part: str, heavy: Path, tmp_path: Path) -> None:
    chosen = {path.name for path in heavy.glob("m*.ipynb")} if part == "all" else RUNS | OTHERS
    paths = [heavy / name for name in sorted(chosen - {"m66_10000_cells.ipynb"})]

    results = {name: ran.result for name, ran in run_all(paths, tmp_path).items()}

    ends = {Outcome.PASSED, Outcome.FAILED, Outcome.INVALID, Outcome.KERNEL_MISSING}
    assert {name: result.outcome for name, result in results.items() if result.outcome not in ends} == {}
    ran = {name for name, result in results.items() if result.outcome in {Outcome.PASSED, Outcome.FAILED}}
    assert ran >= RUNS
    for name, result in results.items():
        assert "Traceback" not in result.message, name
        assert "\n" not in result.message, name
        assert len(result.message) < 1000, name
        assert bool(result.message) == (result.outcome is not Outcome.PASSED), name
    assert not list(heavy.glob("pwned*"))


def test_a_valid_notebook_runs_under_every_hostile_name(heavy: Path, tmp_path: Path) -> None:
    """Also those that only the folder of a run could be named after: nothing is executed, nothing escapes."""
    paths = [path for path in sorted((heavy / "names").iterdir()) if path.is_file() and not path.is_symlink()]

    results = run_all(paths[:8], tmp_path)

    assert {name: ran.result.message for name, ran in results.items() if ran.result.outcome is not Outcome.PASSED} == {}
    assert not [path for path in (heavy / "names").iterdir() if path.name == "pwned"]


@pytest.mark.skipif(os.name != "posix", reason="links and FIFOs as POSIX has them")
def test_special_files_are_invalid_and_never_block(heavy: Path, tmp_path: Path) -> None:
    names = ["fifo.ipynb", "directory.ipynb", "link_loop.ipynb", "link_dangling.ipynb", "link_passwd.ipynb"]

    results = run_all([heavy / "names" / name for name in names], tmp_path)

    assert {name: ran.result.outcome for name, ran in results.items()} == dict.fromkeys(names, Outcome.INVALID)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_ten_thousand_cells_are_executed_in_linear_time(heavy: Path, tmp_path: Path) -> None:
    ran = run_all([heavy / "m66_10000_cells.ipynb"], tmp_path)["m66_10000_cells.ipynb"]

    assert ran.result.outcome is Outcome.PASSED
    durations = [cell.duration or 0.0 for cell in ran.result.cells]
    assert len(durations) == 10_000
    assert median(durations[-1000:]) < 5 * median(durations[:1000])


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["big1_one_output", "big2_many_cells", "big3_attachment", "big4_source"])
def test_a_hundred_megabytes_of_notebook_end_in_a_verdict(name: str, tmp_path: Path) -> None:
    """big4 is one cell of 655,360 statements: IPython compiles each by itself and takes 20 s of a core."""
    if not MAKER.is_file():
        pytest.skip(f"the hostile notebooks are not here: {MAKER}")
    subprocess.run([sys.executable, MAKER, "--heavy", tmp_path / "h", "--depth", "10"], check=True, capture_output=True)

    ran = run_all([tmp_path / "h" / f"{name}.ipynb"], tmp_path, cell_timeout=600)[f"{name}.ipynb"]

    assert ran.result.outcome in {Outcome.PASSED, Outcome.INVALID}, ran.result.message
    assert len(json.dumps(ran.result.model_dump(mode="json"))) < 1_000_000
