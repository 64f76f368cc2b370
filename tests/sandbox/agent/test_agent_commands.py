"""Logging commands, on a real process's output; with the real agent's messages."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.agent.pipelines import NodeTask, Pipelines, Ran


def say(pipelines: Pipelines, *lines: str, target: str = "", task: NodeTask | None = None, **options: Any) -> Ran:
    """Run a step named `says` that prints the lines, and one named `next` that shows what came of them."""
    pipelines.write({"lines.txt": "\n".join(lines) + "\n"})
    command = f"cat '{pipelines.repository}/lines.txt'"
    step = f"task: {task.name}@1" if task else f'bash: "{command}"'
    yaml = f"""
steps:
- checkout: none
- {step}
  name: says
  displayName: says
{textwrap.indent(target, "  ")}
- bash: echo 'plain=$(plain) out=$(says.out)' "env=$PLAIN path=$PATH"
  displayName: next
  condition: always()
"""
    return pipelines.run(yaml, *([task] if task else []), **options)


def test_a_command_is_carried_out_and_not_shown(pipelines: Pipelines) -> None:
    ran = say(
        pipelines, "##vso[task.setvariable variable=plain]one", "##vso[task.setvariable variable=out;isOutput=true]two"
    )

    assert any(line.startswith("plain=one out=two env=one") for line in ran.log("next"))
    assert not any("##vso" in line for line in ran.shown)


def test_a_command_is_found_in_the_middle_of_a_line_and_on_stderr(pipelines: Pipelines) -> None:
    """So untrusted text can run commands: tasks must neutralise it."""
    task = NodeTask(
        "Prints",
        """
        console.log('progress: 50% ##vso[task.setvariable variable=plain]middle');
        console.error('oops ##vso[TASK.SetVariable VARIABLE=out;IsOutput=True]stderr');
        """,
    )
    ran = say(pipelines, task=task)

    assert any(line.startswith("plain=middle out=stderr") for line in ran.log("next"))
    assert ran.verdicts["says"] == "succeeded"


def test_escapes_are_undone_in_properties_and_in_data(pipelines: Pipelines) -> None:
    """`%AZP25` is a percent sign, `%25` is nothing special."""
    ran = say(pipelines, "##vso[task.logissue type=error;code=a%3Bb%5Dc]50%AZP25 %25 one%0Atwo")

    assert ran.errors("says") == ["50% %25 one\ntwo"]
    assert ran.issues("says")[0].data["code"] == "a;b]c"
    assert ran.log("says")[-3:-1] == ["##[error]50% %25 one", "two"]


def test_issues_are_counted_and_the_first_ten_kept(pipelines: Pipelines) -> None:
    """An error alone does not fail a step."""
    ran = say(
        pipelines, *[f"##vso[task.logissue type=warning]w{n}" for n in range(12)], "##vso[task.issue type=error]e"
    )
    record = ran.result.record("says")

    assert (record.warning_count, record.error_count) == (12, 1)
    assert ran.warnings("says") == [f"w{n}" for n in range(10)]
    assert record.result == "succeeded"
    assert ran.issues("says")[0].data["logFileLineNumber"].isdecimal()


def test_an_issue_with_a_source_is_told_with_its_place_in_the_repository(pipelines: Pipelines) -> None:
    sources = pipelines.folder / "agent/_work/1/s"
    ran = say(
        pipelines,
        f"##vso[task.logissue type=error;sourcepath={sources}/a/b.ipynb;linenumber=3;columnnumber=1;code=E1]bad",
    )

    assert ran.errors("says") == ["a/b.ipynb(3,1): error E1: bad"]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (["Succeeded"], "succeeded"),
        (["SucceededWithIssues", "Succeeded"], "succeededWithIssues"),
        (["Failed", "Succeeded"], "failed"),
        (["Skipped", "Failed"], "skipped"),
        (["Canceled"], "canceled"),
    ],
)
def test_the_worst_result_counts(pipelines: Pipelines, results: list[str], expected: str) -> None:
    ran = say(pipelines, *[f"##vso[task.complete result={result}]" for result in results])

    assert ran.verdicts["says"] == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("##vso[task.complete result=Cancelled]", "Command doesn't have valid result value."),
        ("##vso[task.complete result=failed]", "Command doesn't have valid result value."),
        ("##vso[task.nothing]x", "##vso[task.nothing] is not a recognized command for task command extension."),
        ("##vso[task.setvariable]x", "Required field 'variable' is missing in ##vso[task.setvariable] command."),
        ("##vso[task.setvariable variable=a;issecret=true]x%0Ay", "Secrets cannot contain multiple lines"),
        ("##vso[task.addattachment type=t;name=n]/absent", "attachment file does not exist on disk."),
        ("##vso[task.addattachment name=n]/etc/hosts", "attachment type is not provided."),
        ("##vso[task.addattachment type=a/b;name=n]/etc/hosts", "Type contains invalid characters."),
        ("##vso[task.uploadsummary]", "summary file location is not specified."),
        ("##vso[artifact.upload]/etc/hosts", "Artifact Name is required."),
        ("##vso[artifact.upload artifactname=a]/absent", "Path does not exist: /absent"),
        ("##vso[results.publish type=JUnit]", "'TestResults' has to be specified."),
        ("##vso[release.updatereleasename]x", "release commands are not supported for Build flow."),
        ("##vso[task.logissue type=info]x", "issue type info is not an expected issue type."),
        ("##vso[task.setendpoint id=x;field=url]u", "Invalid endpoint id."),
    ],
)
def test_a_command_that_cannot_be_carried_out_fails_the_step(pipelines: Pipelines, line: str, message: str) -> None:
    """As an exception in a command does in the real agent, though the process ended well."""
    ran = say(pipelines, line)

    assert ran.verdicts["says"] == "failed"
    assert message in ran.errors("says")[-1]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("##vso[nobody.home]x", "Cannot find command extension for ##vso[nobody.command]."),
        ("what is ##vso this", "contains logging command keyword '##vso', but it's not a legal command."),
        ("##vso[task.setvariable variable=a", "it's not a legal command."),
        ("##vso[task.logissue]x", "Can't create TaskIssue from logging event."),
        (
            "##vso[task.setvariable variable=build.sourceversion]x",
            "Overwriting readonly variable 'build.sourceversion'",
        ),
    ],
)
def test_a_command_that_means_nothing_is_a_warning(pipelines: Pipelines, line: str, message: str) -> None:
    ran = say(pipelines, line)

    assert ran.verdicts["says"] == "succeeded"
    assert message in ran.warnings("says")[0]


def test_files_are_attached_and_uploaded(pipelines: Pipelines, tmp_path: Path) -> None:
    """Attachments belong to the step's record, artifacts to the build."""
    (tmp_path / "out/sub").mkdir(parents=True)
    (tmp_path / "out/sub/deep.txt").write_text("deep")
    (tmp_path / "summary.md").write_text("# Hello")
    ran = say(
        pipelines,
        f"##vso[task.addattachment type=my.type;name=one.md]{tmp_path}/summary.md",
        f"##vso[task.uploadsummary]{tmp_path}/summary.md",
        f"##vso[task.uploadfile]{tmp_path}/summary.md",
        f"##vso[artifact.upload artifactname=drop]{tmp_path}/out",
        f"##vso[artifact.upload artifactname=drop]{tmp_path}/summary.md",
        "##vso[build.addbuildtag]nightly",
        "##vso[build.updatebuildnumber]2026.1",
    )
    builds, record = ran.world.builds, ran.result.record("says")

    assert ran.result.result == "succeeded", str(ran)
    assert {(each.type, each.name) for each in builds.attachments(ran.build.id)} == {
        ("my.type", "one.md"),
        ("Distributedtask.Core.Summary", "summary.md"),
        ("DistributedTask.Core.FileAttachment", "summary.md"),
    }
    assert builds.attachment_content(ran.build.id, record.id, "my.type", "one.md") == b"# Hello"
    assert builds.artifact_file(ran.build.id, "drop", "sub/deep.txt") == b"deep"
    assert builds.artifact_file(ran.build.id, "drop", "summary.md") == b"# Hello"
    assert ran.build.tags == ("nightly",)
    assert ran.build.number == "2026.1"
    assert "##[section]Async Command Start: Upload Artifact" in ran.log("says")


def test_progress_never_goes_down_and_ends_at_a_hundred(pipelines: Pipelines) -> None:
    ran = say(pipelines, "##vso[task.setprogress value=70;]training", "##vso[task.setprogress value=30;]more")

    assert ran.result.record("says").percent_complete == 100


def test_restricted_mode_refuses_what_leaves_the_machine(pipelines: Pipelines, tmp_path: Path) -> None:
    """A warning each, the step goes on; variables, issues and progress are still allowed."""
    (tmp_path / "f.md").write_text("x")
    refused = ["task.uploadsummary", "task.uploadfile", "artifact.upload artifactname=a", "build.addbuildtag"]
    lines = [f"##vso[{each}]{tmp_path}/f.md" for each in refused]
    ran = say(pipelines, *lines, "##vso[task.setvariable variable=plain]one", target="target: {commands: restricted}")

    assert ran.verdicts["says"] == "succeeded"
    assert [warning.split(" is ")[0] for warning in ran.warnings("says")] == [
        f"##vso[{each.split()[0]}]" for each in refused
    ]
    assert "is not allowed in this step due to policy restrictions." in ran.warnings("says")[0]
    assert not ran.world.builds.attachments(ran.build.id)
    assert any(line.startswith("plain=one") for line in ran.log("next"))


def test_a_task_may_restrict_itself(pipelines: Pipelines) -> None:
    """restrictions of task.json count beside those of the step; patterns name what may be set."""
    task = NodeTask(
        "Careful",
        """
        console.log('##vso[build.addbuildtag]x');
        console.log('##vso[task.setvariable variable=plain]one');
        console.log('##vso[task.setvariable variable=out;isOutput=true]two');
        console.log('##vso[task.prependpath]/x');
        """,
        {"restrictions": {"commands": {"mode": "restricted"}, "settableVariables": {"allowed": ["ou*"]}}},
    )
    ran = say(pipelines, task=task)

    assert ran.build.tags == ()
    assert any(line.startswith("plain=$(plain) out=two") for line in ran.log("next"))
    assert [warning for warning in ran.warnings("says") if "Setting variable" in warning] == [
        "Setting variable 'plain' has been disabled by the task or build definition.",
        "Setting variable 'PATH' has been disabled by the task or build definition.",
    ]


def test_a_step_that_may_set_nothing(pipelines: Pipelines) -> None:
    ran = say(pipelines, "##vso[task.setvariable variable=plain]one", target="target: {settableVariables: none}")

    assert any(line.startswith("plain=$(plain)") for line in ran.log("next"))


def test_a_variable_once_secret_stays_secret(pipelines: Pipelines) -> None:
    """…and does not reach scripts by their environment."""
    ran = say(
        pipelines,
        "##vso[task.setvariable variable=plain;issecret=true]first",
        "##vso[task.setvariable variable=plain]second",
    )

    assert any(line.startswith("plain=*** out=$(says.out) env= path=") for line in ran.log("next"))


def test_prepended_paths_come_first_the_last_one_before_the_others(pipelines: Pipelines) -> None:
    ran = say(pipelines, "##vso[task.prependpath]/one", "##vso[task.prependpath]/two", "##vso[task.prependpath]/one")

    assert any("path=/one:/two:/" in line for line in ran.log("next"))


def test_debug_lines_are_shown_when_the_system_is_debugged(pipelines: Pipelines) -> None:
    quiet = say(pipelines, "##vso[task.debug]inner life")
    loud = say(
        pipelines, "##vso[task.debug]inner life", "##vso[task.setprogress value=1]", variables={"System.Debug": "true"}
    )

    assert "inner life" not in str(quiet)
    assert "##[debug]inner life" in loud.log("says")
    assert "##[debug]Processed: ##vso[task.setprogress value=1]" in loud.log("says")
