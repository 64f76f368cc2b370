"""Hostile notebooks: floods, abuse of the kernel and of processes, mischief with files."""

from __future__ import annotations

import json
import resource
import shutil
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import nbformat
import pytest

from amltasks.report.html_file import add_page
from amltasks.report.model import Report
from amltasks.report.tab import TabFiles
from amltasks.report.tab_limits import RECORD_BYTES
from amltasks.report.tab_names import Attachment
from amltasks.report.tab_records import CellsRecord, TabContext, TabIndex
from tests.notebooks.running import Ran, left_in, run_notebook, write_notebook

ABUSED = 3  # index of the cell in h4 that does it
FLOODED = 2  # in h3


def run_hostile(notebook: Path, home: Path, **settings: Any) -> Ran:
    shutil.copy(notebook, home / notebook.name)
    return run_notebook(home / notebook.name, home / "out", **settings)


@dataclass(frozen=True)
class Abuse:
    """One case of h4: what is right for it. cell: whether the abused cell is the one that failed."""

    case: str
    outcome: str
    says: str = ""
    error: str | None = None
    timeout: float = 20.0

    @property
    def passes(self) -> bool:
        return self.outcome == "passed"


ABUSES = [
    Abuse("none", "passed"),
    Abuse("loop", "timedOut", "took longer than the cell time-out of 2 s", timeout=2),
    Abuse("loop_nosigint", "timedOut", "took longer than the cell time-out of 2 s", timeout=2),
    Abuse("sleep", "timedOut", "took longer than the cell time-out of 2 s", timeout=2),
    Abuse("stop", "timedOut", "suspended by SIGSTOP", timeout=2),
    Abuse("recursion", "timedOut", timeout=2),
    Abuse("exit", "kernelDied", "exit code 1"),
    Abuse("exit0", "kernelDied", "exit code 0"),
    Abuse("sigkill", "kernelDied", "SIGKILL"),
    Abuse("segv", "kernelDied", "SIGSEGV"),
    Abuse("sysexit", "failed", "ended the notebook with sys.exit(3)", error="SystemExit"),
    Abuse("memhog", "failed", "raised MemoryError", error="MemoryError"),
    Abuse("input", "failed", "asked for input", error="StdinNotImplementedError"),
    Abuse("getpass", "failed", "asked for input", error="StdinNotImplementedError"),
    Abuse("child", "passed"),
    Abuse("child_pipe", "passed"),
    Abuse("daemon", "passed"),
    Abuse("threads", "passed"),
    Abuse("fork", "passed"),
    Abuse("fds", "passed"),
    Abuse("atexit", "passed"),
    Abuse("kill_parent", "passed"),
]


@pytest.mark.parametrize("abuse", ABUSES, ids=lambda abuse: abuse.case)
def test_abuse_of_the_kernel_is_told_as_what_it_is_and_leaves_nothing(
    abuse: Abuse, hostile: Path, tmp_path: Path
) -> None:
    parameters = {"case": abuse.case, "linger": 120, "mem_gib": 1}

    ran = run_hostile(hostile / "h4_kernel_abuse.ipynb", tmp_path, parameters=parameters, cell_timeout=abuse.timeout)

    result, cell = ran.result, ran.result.failing_cell
    assert result.outcome.value == abuse.outcome, result.message
    assert (cell.index if cell else None) == (None if abuse.passes else ABUSED)
    assert abuse.says in result.message
    if abuse.error:
        assert cell is not None
        assert cell.error is not None
        assert cell.error.name == abuse.error
    assert f"HOSTILE-before {abuse.case}" in ran.log
    assert ("HOSTILE-last-cell" in ran.log) == abuse.passes
    assert left_in(tmp_path) == []
    nbformat.validate(nbformat.from_dict(ran.notebook))


def test_a_segmentation_fault_leaves_its_python_stack(hostile: Path, tmp_path: Path) -> None:
    result = run_hostile(hostile / "h4_kernel_abuse.ipynb", tmp_path, parameters={"case": "segv"}).result

    death = result.kernel_death
    assert death is not None
    assert death.signal == "SIGSEGV"
    assert "Fatal Python error: Segmentation fault" in death.last_output
    assert "string_at" in death.last_output
    assert death.peak_memory is not None
    assert death.peak_memory > 10_000_000


def test_a_signal_to_the_process_that_runs_the_notebook_is_survived_and_told(hostile: Path, tmp_path: Path) -> None:
    result = run_hostile(hostile / "h4_kernel_abuse.ipynb", tmp_path, parameters={"case": "kill_parent"}).result

    assert any("SIGTERM" in note for note in result.notes)


def flood(hostile: Path, tmp_path: Path, case: str, **parameters: Any) -> Ran:
    parameters = {"case": case, **parameters}
    return run_hostile(hostile / "h3_flood.ipynb", tmp_path, parameters=parameters, cell_timeout=180)


@pytest.mark.parametrize(
    ("case", "megabytes"), [("stdout", 60), ("stderr", 10), ("oneline", 20), ("html", 20)], ids=lambda value: str(value)
)
def test_megabytes_of_output_are_kept_and_nothing_times_out(
    case: str, megabytes: int, hostile: Path, tmp_path: Path
) -> None:
    ran = flood(hostile, tmp_path, case, mb=megabytes)

    assert ran.result.outcome.value == "passed", ran.result.message
    assert ran.result.folder is not None
    assert (ran.result.folder / "executed.ipynb").stat().st_size > megabytes * 1_000_000
    shown = sum(len(event.text) for event in ran.events if event.kind == "outputText")
    assert shown < 5_000_000


@pytest.mark.parametrize("case", ["tiny", "display"])
def test_ten_thousand_outputs_all_arrive(case: str, hostile: Path, tmp_path: Path) -> None:
    ran = flood(hostile, tmp_path, case)

    assert ran.result.outcome.value == "passed", ran.result.message
    assert ran.result.notes == ()
    assert len(ran.notebook["cells"][FLOODED + 1]["outputs"]) >= 10_000


def test_ten_thousand_updates_of_one_display_are_one_output(hostile: Path, tmp_path: Path) -> None:
    ran = flood(hostile, tmp_path, "update")

    outputs = ran.notebook["cells"][FLOODED + 1]["outputs"]
    assert ran.result.outcome.value == "passed"
    assert outputs[0]["data"]["text/plain"] in ("9999", ["9999"])
    assert len(outputs) == 2


def test_outputs_that_are_cleared_again_and_again_are_not_kept(hostile: Path, tmp_path: Path) -> None:
    ran = flood(hostile, tmp_path, "rate")

    assert ran.result.outcome.value == "passed"
    assert len(json_text := str(ran.notebook["cells"][FLOODED + 1]["outputs"])) < 1_000, json_text


def test_json_nested_too_deeply_is_a_failed_cell_and_no_more(hostile: Path, tmp_path: Path) -> None:
    """The kernel itself cannot encode 5,000 levels; what matters is that nobody else falls over them."""
    ran = flood(hostile, tmp_path, "deep")

    assert ran.result.outcome.value in {"failed", "passed"}
    nbformat.validate(nbformat.from_dict(ran.notebook))


def test_a_cell_that_exceeds_what_is_kept_of_it_is_cut_with_a_note_in_bounded_memory(tmp_path: Path) -> None:
    """250 MB of text: 100 MB are kept, and the worker never holds much more than that a few times over."""
    source = (
        "row = 'x' * 99 + '\\n'\nimport sys\nfor _ in range(250):\n    sys.stdout.write(row * 10_000)\nprint('end')"
    )
    notebook = write_notebook(tmp_path / "big.ipynb", [source, "'after'"])
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss

    ran = run_notebook(notebook, tmp_path / "out")

    assert ran.result.outcome.value == "passed"
    assert any("its output was cut after 100 MB" in note for note in ran.result.notes)
    assert ran.result.folder is not None
    assert 90_000_000 < (ran.result.folder / "executed.ipynb").stat().st_size < 130_000_000
    assert max(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, before) < 1_500_000  # KiB


MISCHIEF = ["outside", "names", "links", "special", "self", "cwd", "many", "sparse", "poison"]


@pytest.mark.parametrize("case", MISCHIEF)
def test_mischief_with_files_does_not_stop_the_run(case: str, hostile: Path, tmp_path: Path) -> None:
    """Artefacts hold only what the run itself made, all of it inside its folder. `outside` stays unarmed."""
    parameters = {"case": case, "armed": case in {"self", "poison"}, "many": 500}

    result = run_hostile(hostile / "h6_files.ipynb", tmp_path, parameters=parameters).result

    assert result.outcome.value == "passed", result.message
    assert result.folder is not None
    for artefact in result.artefacts:
        assert result.folder in artefact.path.resolve().parents
        assert not artefact.path.is_symlink()
    assert {artefact.name for artefact in result.artefacts} == {"executed.ipynb", "console.log"}


@pytest.mark.long
@pytest.mark.parametrize("number", range(1, 7))
def test_what_the_tab_reads_of_a_hostile_notebook_is_bounded_and_valid(
    number: int, hostile: Path, tmp_path: Path
) -> None:
    (notebook,) = hostile.glob(f"h{number}_*.ipynb")
    attached: list[Attachment] = []
    tab = TabFiles(tmp_path, TabContext(), attached.extend)
    result = add_page(run_hostile(notebook, tmp_path, cell_timeout=30).result, tab.look)
    now = datetime.now(timezone.utc)

    tab.complete(Report(title="Hostile", results=(result,), started_at=now, finished_at=now))

    contents = {attachment.name: attachment.path.read_bytes() for attachment in attached}
    (shown,) = TabIndex.model_validate_json(contents["~~1~.index.json"]).results
    record = CellsRecord.model_validate_json(contents[shown.record])
    assert len(contents[shown.record]) <= RECORD_BYTES
    assert len(contents["~~1~.index.json"]) < 20_000
    assert len(record.cells) == len(json.loads(notebook.read_bytes())["cells"])
    assert [file.kind.value for file in shown.files] == ["ipynb", "html"]
