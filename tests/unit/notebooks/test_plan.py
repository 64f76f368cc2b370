"""From a request to runs: ids, settings, and faults that stay with their notebook."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

from amltasks.errors import UserError
from amltasks.limits import Limits
from amltasks.notebooks.plan import Plan, plan_runs, run_id_for
from amltasks.report.model import Outcome
from amltasks.requests import RunNotebooksRequest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    tagged = new_code_cell("alpha = 1.0", metadata={"tags": ["parameters"]})
    (tmp_path / "repo" / "deep").mkdir(parents=True)
    nbformat.write(new_notebook(cells=[tagged]), tmp_path / "repo" / "train.ipynb")
    nbformat.write(new_notebook(cells=[new_code_cell("1")]), tmp_path / "repo" / "deep" / "plain.ipynb")
    return tmp_path / "repo"


def planned(root: Path, **inputs: str) -> Plan:
    return plan_runs(RunNotebooksRequest.from_inputs({"notebooks": "**", **inputs}, root, root.parent / "out"))


def test_each_notebook_runs_in_its_own_folder(root: Path) -> None:
    plan = planned(root)
    assert [run.run_id for run in plan.runs] == ["deep.plain", "train"]
    assert [run.notebook for run in plan.runs] == ["deep/plain.ipynb", "train.ipynb"]
    assert [run.working_directory for run in plan.runs] == [root / "deep", root]
    assert not plan.settled
    assert all(run.folder.is_dir() and not list(run.folder.iterdir()) for run in plan.runs)


def test_each_set_gives_a_run_and_overrides_the_parameters(root: Path) -> None:
    sets = "- {name: weak, alpha: 0.1}\n- {alpha: 2}"
    plan = planned(root, notebooks="train.ipynb", parameters="alpha: 5", parameterSets=sets)
    assert [(run.run_id, run.parameters) for run in plan.runs] == [
        ("train--weak", {"alpha": 0.1}),
        ("train--alpha=2", {"alpha": 2}),
    ]


def test_what_the_pipeline_says_of_parameters_wins_over_files(root: Path) -> None:
    (root / "train.run.yml").write_text("parameters: {alpha: 1}\nparameterSets: [{name: a, alpha: 2}]\n")
    assert [run.parameters for run in planned(root, notebooks="train.ipynb").runs] == [{"alpha": 2}]
    asked = planned(root, notebooks="train.ipynb", parameters="alpha: 3").runs
    assert [(run.parameter_set, run.parameters) for run in asked] == [("a", {"alpha": 3})]
    sets = planned(root, notebooks="train.ipynb", parameterSets="- {name: b, alpha: 4}").runs
    assert [(run.parameter_set, run.parameters) for run in sets] == [("b", {"alpha": 4})]


def test_other_settings_of_one_notebook_win_over_inputs_for_all(root: Path) -> None:
    (root / "notebooks.yml").write_text("notebooks: {train.ipynb: {cellTimeout: none, timeout: 1h, kernel: ir}}\n")
    plain, train = planned(root, cellTimeout="5 min", notebookTimeout="10 min", kernel="python3").runs
    assert (plain.cell_timeout, plain.notebook_timeout, plain.kernel) == (300, 600, "python3")
    assert (train.cell_timeout, train.notebook_timeout, train.kernel) == (None, 3600, "ir")


def test_limits_of_one_notebook_win_one_by_one(root: Path) -> None:
    (root / "notebooks.yml").write_text("notebooks: {train.ipynb: {memoryLimit: none, processLimit: 9}}\n")
    plain, train = planned(root, memoryLimit="1 GB", outputLimit="1 MB").runs
    assert plain.limits == Limits(memory=10**9, output=10**6)
    assert train.limits == Limits(processes=9, output=10**6)


def test_an_interpreter_given_as_a_path_starts_from_the_root(root: Path) -> None:
    assert planned(root, python="venv/bin/python").runs[0].python == str(root / "venv/bin/python")
    assert planned(root, python="python3.12").runs[0].python == "python3.12"


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda root: (root / "deep" / "plain.ipynb").write_text("{"), "is cut off"),
        (lambda root: (root / "deep" / "plain.run.yml").write_text("ownr: x"), "did you mean 'owner'?"),
        (lambda root: (root / "deep" / "plain.run.yml").write_text("parameters: {a: 1}"), "no cell is tagged"),
    ],
)
def test_the_fault_of_one_notebook_is_its_result_and_the_others_run(root: Path, break_it: Any, says: str) -> None:
    break_it(root)
    plan = planned(root)
    assert list(plan.settled) == ["deep.plain"]
    result = plan.settled["deep.plain"]
    assert (result.outcome, result.notebook) == (Outcome.INVALID, "deep/plain.ipynb")
    assert says in result.message


def test_only_the_sets_that_do_not_fit_are_settled(root: Path) -> None:
    plan = planned(root, notebooks="train.ipynb", parameterSets="- {name: ok, alpha: 1}\n- {name: bad, alpha: x}")
    assert list(plan.settled) == ["train--bad"]


def test_missing_packages_are_named_with_the_command_that_installs_them(root: Path) -> None:
    (root / "train.run.yml").write_text("requirements: [pytest, 'nbformat>=99', no-such-package-here]\n")
    python = Path(__file__).parents[3] / "build" / "env" / "notebooks" / "bin" / "python"
    if not python.exists():
        python = Path(sys.executable)
    plan = planned(root, notebooks="train.ipynb", python=str(python))
    result = plan.settled.get("train")
    if result is None:
        pytest.skip("no interpreter with ipykernel here")
    assert result.outcome is Outcome.KERNEL_MISSING
    assert re.search(r'-m pip install .*"nbformat>=99" "no-such-package-here"', result.message)


def test_notes_come_with_the_run(root: Path) -> None:
    (root / "release.json").write_text('{"notebooks": {"x": {"name": "train.ipynb", "postexec": "a.py"}}}')
    assert "postexec" in planned(root, notebooks="train.ipynb").notes["train"][0]


@pytest.mark.parametrize("inputs", [{"notebooks": "nothing*"}, {"parameters": "["}, {"maxParallel": "0"}])
def test_a_bad_request_is_an_error(root: Path, inputs: dict[str, str]) -> None:
    with pytest.raises(UserError):
        planned(root, **inputs)


class TestFolders:
    def test_a_second_attempt_finds_them_empty(self, root: Path) -> None:
        (planned(root).runs[0].folder / "executed.ipynb").write_text("old")
        assert not list(planned(root).runs[0].folder.iterdir())

    def test_files_of_others_are_never_deleted(self, root: Path) -> None:
        mine = root.parent / "out" / "train"
        mine.mkdir(parents=True)
        (mine / "thesis.txt").write_text("x")
        with pytest.raises(UserError, match="holds other files than results"):
            planned(root)
        assert (mine / "thesis.txt").exists()

    def test_a_link_in_their_place_is_not_followed(self, root: Path) -> None:
        (root.parent / "out").mkdir()
        (root.parent / "out" / "train").symlink_to(root, target_is_directory=True)
        with pytest.raises(UserError, match="in the way"):
            planned(root)


class TestRunIds:
    @given(path=st.text(min_size=1, max_size=120), parameter_set=st.text(max_size=80))
    def test_are_names_of_files_everywhere(self, path: str, parameter_set: str) -> None:
        run_id = run_id_for(path, parameter_set)
        assert re.fullmatch(r"[A-Za-z0-9._=-]{1,80}", run_id)
        assert not run_id.startswith((".", "-"))
        assert not run_id.endswith((".", "-"))
        assert run_id.split(".")[0].lower() not in {"con", "prn", "aux", "nul", "com1", "lpt1"}
        assert run_id == run_id_for(path, parameter_set)

    @given(
        st.lists(
            st.tuples(st.from_regex(r"[a-c./-]{1,6}", fullmatch=True), st.from_regex(r"[a-c.-]{0,4}", fullmatch=True)),
            min_size=2,
            max_size=30,
            unique=True,
        )
    )
    def test_differ_for_different_runs(self, runs: list[tuple[str, str]]) -> None:
        assert len({run_id_for(path + ".ipynb", name) for path, name in runs}) == len(runs)

    @pytest.mark.parametrize("name", ["con", "NUL", "aux.x", "com1", "lpt9.ipynb"])
    def test_are_no_devices_of_windows(self, name: str) -> None:
        assert run_id_for(name, "").lower().startswith("notebook-")

    def test_differ_also_where_capitals_do_not_count(self, tmp_path: Path) -> None:
        for name in ("A.ipynb", "a.ipynb"):
            nbformat.write(new_notebook(), tmp_path / name)
        ids = [run.run_id.casefold() for run in planned(tmp_path).runs]
        assert len(set(ids)) == 2
