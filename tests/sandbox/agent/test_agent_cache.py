"""Cache@2: what one run saves, later ones find, on agents whose folders are empty each time."""

from __future__ import annotations

import shutil
import subprocess

from tests.sandbox.agent.pipelines import Pipelines, Ran

YAML = """
steps:
- task: Cache@2
  displayName: Cache
  inputs:
    key: '"data" | "$(Agent.OS)" | {last}'
    restoreKeys: '"data" | "$(Agent.OS)"'
    path: $(Pipeline.Workspace)/kept
    cacheHitVar: HIT
- script: |
    mkdir -p $(Pipeline.Workspace)/kept
    cat $(Pipeline.Workspace)/kept/text
    echo {text} > $(Pipeline.Workspace)/kept/text
    {end}
  displayName: work
- script: echo hit=$(HIT)
  displayName: said
  condition: always()
"""


def run(pipelines: Pipelines, last: str, text: str = "new", end: str = "true") -> Ran:
    """On a fresh agent: nothing is in the job's folder."""
    for folder in (pipelines.folder / "agent" / "_work").glob("[0-9]*"):
        shutil.rmtree(folder)
    return pipelines.run(YAML.format(last=last, text=text, end=end))


def git(pipelines: Pipelines, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=pipelines.repository, check=True, capture_output=True)


def hit(ran: Ran) -> str:
    (line,) = [line for line in ran.log("said") if line.startswith("hit=")]
    return line.removeprefix("hit=")


def test_what_was_saved_is_restored_by_its_key_or_by_a_prefix(pipelines: Pipelines) -> None:
    first = run(pipelines, '"1"', "one")
    second = run(pipelines, '"2"', "two")
    again = run(pipelines, '"1"', "three")

    assert [hit(ran) for ran in (first, second, again)] == ["false", "inexact", "true"]
    assert "one" in second.log("work")
    assert "one" in again.log("work")
    assert "Saved item." in second.log("Post-job: Cache")
    assert any("already exists" in line for line in again.log("Post-job: Cache"))
    assert "two" in run(pipelines, '"4"').log("work")  # the latest that begins so


def test_nothing_is_saved_when_the_job_did_not_succeed(pipelines: Pipelines) -> None:
    failed = run(pipelines, '"1"', end="exit 1")

    assert "Skipping because the job status was not 'Succeeded'." in failed.log("Post-job: Cache")
    assert hit(run(pipelines, '"2"')) == "false"


def test_a_file_in_the_key_counts_by_its_content(pipelines: Pipelines) -> None:
    pipelines.write({"lock.txt": "a"})
    run(pipelines, "lock.txt")
    same = run(pipelines, "lock.txt")
    pipelines.write({"lock.txt": "b"})

    assert (hit(same), hit(run(pipelines, "lock.txt"))) == ("true", "inexact")


def test_a_branch_sees_what_main_saved_and_not_the_other_way_round(pipelines: Pipelines) -> None:
    run(pipelines, '"1"')
    git(pipelines, "checkout", "-q", "-b", "topic")
    on_branch = run(pipelines, '"2"')
    git(pipelines, "checkout", "-q", "main")
    on_main = run(pipelines, '"2"')

    assert (hit(on_branch), hit(on_main)) == ("inexact", "inexact")
