"""Requests from a task's inputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amltasks.cores import available_cores
from amltasks.errors import UserError
from amltasks.limits import Limits
from amltasks.report.model import ArtefactKind
from amltasks.requests import FailOn, PullRequestComment, RunNotebooksRequest, Target, parse_fail_on

TASK = Path(__file__).parents[2] / "tasks" / "RunNotebookOnAML" / "task.json"


def request(root: Path = Path("/repo"), **inputs: str) -> RunNotebooksRequest:
    return RunNotebooksRequest.from_inputs({"notebooks": "*.ipynb", **inputs}, root, Path("/results"))


def test_defaults_are_those_of_the_task() -> None:
    made = request(cellTimeout="", maxParallel="", failOn="", publish="", attach="", outputFolder="")
    assert made.notebooks == ("*.ipynb",)
    assert (made.cell_timeout, made.notebook_timeout, made.run_timeout) == (1200, None, None)
    assert made.max_parallel == available_cores()
    assert made.fail_on == FailOn(share=0)
    assert made.attach == frozenset(ArtefactKind)
    assert made.publish == {Target.TEST_RESULTS, Target.TAB, Target.SUMMARY}
    assert (made.attach_for, made.strict_secrets, made.working_directory) == ("all", False, None)
    assert made.output_folder == Path("/results")


def test_the_defaults_of_task_json_are_the_same() -> None:
    """What is shown in the editor is what happens where nothing is entered."""
    inputs = {item["name"]: item.get("defaultValue", "") for item in json.loads(TASK.read_text("utf-8"))["inputs"]}
    with_defaults = RunNotebooksRequest.from_inputs({**inputs, "notebooks": "*.ipynb"}, Path("/repo"), Path("/results"))
    assert with_defaults == request()


def test_everything_is_typed(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text("alpha: 1\nbeta: 1\n")
    made = request(
        tmp_path,
        notebooks="a/*.ipynb\n!a/b.ipynb",
        parametersFile="p.yml",
        parameters="beta: 2",
        parameterSets="- {name: x, alpha: 3}",
        secretParameters="KEY=value",
        workingDirectory=".",
        cellTimeout="none",
        notebookTimeout="1h",
        runTimeout="90 min",
        memoryLimit="2 GB",
        processLimit="50",
        openFilesLimit="512",
        outputLimit="1 MiB",
        maxParallel="3",
        failOn="25%",
        attach="html, ipynb",
        attachFor="failed",
        publish="junit",
        outputFolder="out",
        strictSecrets="true",
        pullRequestComment="onfailure",
        pullRequestStatus="true",
        testRunTitle="My\nrun",
    )
    assert made.notebooks == ("a/*.ipynb", "!a/b.ipynb")
    assert made.parameters == {"alpha": 1, "beta": 2}
    assert made.parameter_sets[0].name == "x"
    assert made.secret_parameters == {"KEY": "value"}
    assert made.working_directory == tmp_path.resolve()
    assert (made.cell_timeout, made.notebook_timeout, made.run_timeout) == (None, 3600, 5400)
    assert made.limits == Limits(memory=2 * 10**9, processes=50, open_files=512, output=2**20)
    assert (made.max_parallel, made.fail_on.share) == (3, 0.25)
    assert made.attach == {ArtefactKind.HTML, ArtefactKind.NOTEBOOK}
    assert made.publish == {Target.JUNIT}
    assert made.attach_for == "failed"
    assert made.strict_secrets
    assert (made.pull_request_comment, made.pull_request_status) == (PullRequestComment.ON_FAILURE, True)
    assert made.output_folder == tmp_path / "out"
    assert made.title == "My run"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("notebooks", " ", "say which notebooks"),
        ("cellTimeout", "soon", "not a length of time"),
        ("runTimeout", "x", "not a length of time"),
        ("memoryLimit", "much", "is not an amount"),
        ("memoryLimit", "1 MB", "less than any kernel needs"),
        ("processLimit", "few", "whole number from 1"),
        ("openFilesLimit", "5", "whole number from 100"),
        ("outputLimit", "much", "is not an amount"),
        ("maxParallel", "0", "whole number from 1"),
        ("maxParallel", "many", "whole number from 1"),
        ("failOn", "some", "any, none or a percentage"),
        ("failOn", "101%", "percentage from 0 to 100"),
        ("attach", "pdf", "there are 'ipynb', 'html', 'log', 'images', or none"),
        ("attach", "none, html", "none stands alone"),
        ("attachFor", "passed", "neither all nor failed"),
        ("publish", "testResult", "did you mean 'testResults'?"),
        ("strictSecrets", "yes", "neither true nor false"),
        ("pullRequestComment", "onfail", "did you mean 'onFailure'?"),
        ("pullRequestStatus", "yes", "neither true nor false"),
        ("workingDirectory", "no-such-folder", "not a folder"),
        ("parameters", "- 1", "instead of a mapping"),
        ("parametersFile", "none.yml", "does not exist"),
        ("parameterSets", "a: 1", "instead of a list"),
        ("secretParameters", "x", "not NAME="),
    ],
)
def test_an_error_names_its_input(name: str, value: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        RunNotebooksRequest.from_inputs({"notebooks": "*", name: value}, Path("/repo"), Path("/results"))
    assert str(caught.value).startswith(name)
    assert says in str(caught.value)


def test_nothing_can_be_attached_or_published() -> None:
    made = request(attach="none", publish="none")
    assert not made.attach
    assert not made.publish


@pytest.mark.parametrize(
    ("text", "failed", "total", "fails"),
    [
        ("any", 0, 4, False),
        ("any", 1, 4, True),
        ("none", 4, 4, False),
        ("25%", 1, 4, False),
        ("25", 2, 4, True),
        ("100%", 4, 4, False),
        ("0%", 1, 100, True),
        ("any", 0, 0, False),
    ],
)
def test_fail_on_is_any_none_or_more_than_a_share(text: str, failed: int, total: int, fails: bool) -> None:
    assert parse_fail_on(text).fails(failed, total) is fails


def test_values_of_secrets_are_not_in_the_representation() -> None:
    assert "hunter2" not in repr(request(secretParameters="KEY=hunter2"))


@pytest.mark.parametrize(
    ("cgroup", "files", "cores"),
    [
        ("0::/\n", {"cpu.max": "100000 100000"}, 1),
        ("0::/a/b\n", {"a/cpu.max": "50000 100000", "a/b/cpu.max": "max 100000"}, 1),
        ("0::/host/path\n", {"cpu.max": "100000 100000"}, 1),
        (
            "4:cpu,cpuacct:/x\n",
            {"cpu,cpuacct/x/cpu.cfs_quota_us": "90000", "cpu,cpuacct/x/cpu.cfs_period_us": "1000000"},
            1,
        ),
    ],
)
def test_quotas_of_containers_count(tmp_path: Path, cgroup: str, files: dict[str, str], cores: int) -> None:
    """Version 1 and 2, the group itself and those around it."""
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text(cgroup)
    for name, content in files.items():
        (tmp_path / "cgroup" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cgroup" / name).write_text(content + "\n")
    assert available_cores(tmp_path / "proc", tmp_path / "cgroup") == cores


def test_without_quota_it_is_what_the_process_may_use(tmp_path: Path) -> None:
    assert available_cores(tmp_path, tmp_path) >= 1
