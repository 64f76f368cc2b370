"""Logging commands as the agent reads them."""

from __future__ import annotations

from pathlib import Path

from amltasks.agent import commands


def test_values_are_escaped_as_the_agent_undoes_it() -> None:
    """`%25` would not be decoded; `]` and `;` would end a property."""
    assert (
        commands.set_variable("a]b;c", "x;y]z %25\r\n", output=True)
        == "##vso[task.setvariable variable=a%5Db%3Bc;isoutput=true]x;y]z %AZP2525%0D%0A"
    )


def test_an_issue_leads_to_its_file_and_carries_no_command() -> None:
    issue = commands.issue("bad\n##vso[task.complete]", "error", path="a b/x;1.ipynb", line=3)

    assert issue == "##vso[task.logissue type=error;sourcepath=a b/x%3B1.ipynb;linenumber=3]bad%0A##_vso[task.complete]"


def test_a_secret_is_masked_line_by_line() -> None:
    """The agent refuses secrets of several lines, and masks within lines only."""
    assert commands.set_secrets("one\r\n  two\n\none\n") == ["##vso[task.setsecret]one", "##vso[task.setsecret]two"]


def test_progress_stays_between_0_and_100() -> None:
    assert commands.set_progress(142, "a\nb") == "##vso[task.setprogress value=100]a b"
    assert commands.set_progress(0) == "##vso[task.setprogress value=0]"


def test_the_other_commands() -> None:
    path = Path("folder") / "a;b.md"
    assert commands.add_attachment("kind", "n;m", path) == f"##vso[task.addattachment type=kind;name=n%3Bm]{path}"
    assert commands.upload_summary(path) == f"##vso[task.uploadsummary]{path}"
    assert commands.upload_file(path) == f"##vso[task.uploadfile]{path}"
    assert commands.complete("SucceededWithIssues", "x") == "##vso[task.complete result=SucceededWithIssues]x"
    assert commands.set_variable("n", "v", secret=True) == "##vso[task.setvariable variable=n;issecret=true]v"
    assert commands.debug("a\nb") == "##vso[task.debug]a%0Ab"


def test_lines_for_people_are_one_line_and_carry_no_command() -> None:
    foreign = "a\n##[endgroup]b"
    assert commands.group(foreign) == "##[group]a ##_[endgroup]b"
    assert commands.section(foreign) == "##[section]a ##_[endgroup]b"
    assert commands.warning_line(foreign) == "##[warning]a ##_[endgroup]b"
    assert commands.error_line(foreign) == "##[error]a ##_[endgroup]b"
    assert commands.end_group() == "##[endgroup]"
