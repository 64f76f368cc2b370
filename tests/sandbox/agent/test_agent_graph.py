"""Stages, jobs, and what they hand to each other; variables, parameters and templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.agent import PipelineError
from sandbox.agent.variables import Group
from tests.sandbox.agent.pipelines import Pipelines


def test_output_variables_reach_later_jobs_and_stages(pipelines: Pipelines) -> None:
    """dependencies in the same stage, stageDependencies and dependencies of a stage beyond."""
    ran = pipelines.run(
        """
        stages:
        - stage: first
          jobs:
          - job: makes
            steps:
            - checkout: none
            - bash: echo "##vso[task.setvariable variable=color;isOutput=true]green"
              name: paint
          - job: uses
            dependsOn: makes
            condition: eq(dependencies.makes.outputs['paint.color'], 'green')
            variables:
              seen: $[ dependencies.makes.outputs['paint.color'] ]
              result: $[ dependencies.makes.result ]
            steps:
            - checkout: none
            - bash: echo "$(seen) $(result)"
              displayName: in the stage
        - stage: second
          condition: and(succeeded(), eq(dependencies.first.outputs['makes.paint.color'], 'green'))
          jobs:
          - job: beyond
            variables:
              seen: $[ stageDependencies.first.makes.outputs['paint.color'] ]
              nothing: $[ stageDependencies.first.makes.outputs['paint.size'] ]
            steps:
            - checkout: none
            - bash: echo "$(seen)-$(nothing)"
              displayName: beyond it
        """
    )

    assert ran.result.result == "succeeded", str(ran)
    assert "green Succeeded" in ran.log("in the stage")
    assert "green-" in ran.log("beyond it")


def test_a_failure_skips_what_depends_on_it(pipelines: Pipelines) -> None:
    """failed() and always() run; stages depend on the one before unless they say otherwise."""
    ran = pipelines.run(
        """
        stages:
        - stage: build
          jobs:
          - {job: bad, steps: [{checkout: none}, {bash: exit 1, displayName: bad}]}
          - {job: free, steps: [{checkout: none}, {bash: echo, displayName: free}]}
          - {job: after, dependsOn: bad, steps: [{checkout: none}, {bash: echo, displayName: after}]}
          - job: repair
            dependsOn: bad
            condition: failed()
            steps: [{checkout: none}, {bash: echo, displayName: repair}]
        - {stage: next, jobs: [{job: n, steps: [{checkout: none}, {bash: echo, displayName: n}]}]}
        - {stage: apart, dependsOn: [], jobs: [{job: p, steps: [{checkout: none}, {bash: echo, displayName: p}]}]}
        - stage: report
          dependsOn: [build, next]
          condition: and(not(canceled()), in(dependencies.build.result, 'Failed'))
          jobs: [{job: r, steps: [{checkout: none}, {bash: echo, displayName: r}]}]
        """
    )

    assert ran.result.result == "failed"
    assert ran.verdicts == {
        "bad": "failed",
        "free": "succeeded",
        "repair": "succeeded",
        "p": "succeeded",
        "r": "succeeded",
    }


def test_a_job_may_fail_without_failing_the_run(pipelines: Pipelines) -> None:
    ran = pipelines.run("jobs: [{job: j, continueOnError: true, steps: [{checkout: none}, {bash: exit 1}]}]")

    assert ran.result.result == "partiallySucceeded"


def test_a_matrix_runs_a_job_once_for_each_leg(pipelines: Pipelines) -> None:
    ran = pipelines.run(
        """
        jobs:
        - job: test
          strategy:
            matrix:
              old: {version: '3.10'}
              new: {version: '3.13'}
          steps:
          - checkout: none
          - bash: echo "version $(version) in $(System.JobName)"
        """
    )

    assert "version 3.10 in old" in ran.shown
    assert "version 3.13 in new" in ran.shown
    assert [each.name for each in ran.result.records if each.type == "Job"] == ["test old", "test new"]


def test_variables_of_job_stage_and_pipeline_and_those_given_at_queue_time(pipelines: Pipelines) -> None:
    """The nearest one wins; groups fill in, their secrets are masked; macros nest to any depth."""
    ran = pipelines.run(
        """
        variables:
        - {name: a, value: pipeline}
        - {name: b, value: pipeline}
        - {name: c, value: pipeline}
        - {name: fixed, value: one, readonly: true}
        - group: keys
        - {name: chain, value: <$(b)>}
        stages:
        - stage: s
          variables: {b: stage, c: stage}
          jobs:
          - job: j
            variables: {c: job}
            steps:
            - checkout: none
            - bash: |
                echo "$(a) $(b) $(c) $(queued) $(chain) $(name)"
                echo "key $(key)"
                echo 'nested $(absent $(a))'
                echo "##vso[task.setvariable variable=fixed]two"
              displayName: shows
            - bash: echo "fixed $(fixed)"
              displayName: next
        """,
        variables={"a": "queue", "queued": "now"},
        groups={"keys": Group({"name": "group"}, {"key": "hush"})},
    )

    assert "pipeline stage job now <stage> group" in ran.log("shows")
    assert "key ***" in ran.log("shows")
    assert "nested $(absent pipeline)" in ran.log("shows")
    assert "Overwriting readonly variable 'fixed'" in ran.warnings("shows")[0]
    assert "fixed two" in ran.log("next")


def test_a_circle_of_variables_is_a_warning(pipelines: Pipelines) -> None:
    ran = pipelines.run(
        """
        variables: {x: $(y), y: $(x)}
        steps: [{checkout: none}, {bash: echo hello, displayName: step}]
        """
    )

    assert "A cyclical reference was detected." in ran.warnings("step")[0]
    assert ran.verdicts == {"step": "succeeded"}


def test_parameters_choose_what_is_run(pipelines: Pipelines) -> None:
    """Typed, with defaults; if, elseif, else, each and insert are gone before anything runs."""
    yaml = """
        parameters:
        - {name: deep, type: boolean, default: false}
        - {name: level, type: string, default: low, values: [low, high]}
        - {name: names, type: object, default: [one, two]}
        variables:
        - {name: kind, value: '${{ upper(parameters.level) }}'}
        steps:
        - checkout: none
        - ${{ if eq(parameters.deep, true) }}:
          - bash: echo deep
            displayName: deep
        - ${{ elseif eq(parameters.level, 'high') }}:
          - bash: echo high
            displayName: high
        - ${{ else }}:
          - bash: echo neither
            displayName: neither
        - ${{ each name in parameters.names }}:
          - bash: echo "$(kind) ${{ name }} $WHO"
            displayName: each ${{ name }}
            env:
              ${{ if eq(name, 'one') }}:
                WHO: first
              ${{ else }}:
                WHO: other ${{ variables.kind }}
        """
    plain = pipelines.run(yaml)
    chosen = pipelines.run(yaml, parameters={"deep": "true", "names": "[three]"})

    assert list(plain.verdicts) == ["neither", "each one", "each two"]
    assert "LOW one first" in plain.log("each one")
    assert "LOW two other LOW" in plain.log("each two")
    assert list(chosen.verdicts) == ["deep", "each three"]
    with pytest.raises(PipelineError, match="not one of low, high"):
        pipelines.run(yaml, parameters={"level": "middling"})
    with pytest.raises(PipelineError, match="Unexpected parameter 'depth'; declared: deep, level, names"):
        pipelines.run(yaml, parameters={"depth": "1"})
    with pytest.raises(PipelineError, match="not a valid Boolean"):
        pipelines.run(yaml, parameters={"deep": "perhaps"})


def test_templates_are_included_with_their_parameters(pipelines: Pipelines) -> None:
    """Steps, variables, and a whole pipeline that is extended; paths are relative to the file that names them."""
    pipelines.write(
        {
            "ci/steps.yml": """
                parameters:
                - name: word
                - {name: extra, type: stepList, default: []}
                steps:
                - bash: echo "said ${{ parameters.word }} $(shared)"
                  displayName: says
                - ${{ parameters.extra }}
                - template: more.yml
                """,
            "ci/more.yml": "steps: [{bash: echo more, displayName: more}]\n",
            "ci/variables.yml": "variables: {shared: value}\n",
        }
    )
    ran = pipelines.run(
        """
        variables:
        - template: ci/variables.yml
        steps:
        - checkout: none
        - template: ci/steps.yml
          parameters:
            word: hello
            extra: [{bash: echo extra, displayName: extra}]
        """
    )

    assert list(ran.verdicts) == ["says", "extra", "more"]
    assert "said hello value" in ran.log("says")
    with pytest.raises(PipelineError, match="A value for the 'word' parameter must be provided"):
        pipelines.run("steps: [{template: ci/steps.yml}]")
    with pytest.raises(PipelineError, match=r"azure-pipelines\.yml:1: template file not found"):
        pipelines.run("steps: [{template: absent.yml}]")


def test_the_checkout_is_a_detached_clone_of_the_commit(pipelines: Pipelines) -> None:
    """What was not committed is not there, unless the working tree is asked for."""
    pipelines.write({"data.txt": "committed\n", "gone.txt": "x\n"})
    yaml = """
        steps:
        - bash: |
            cat data.txt; ls
            git rev-parse HEAD; git symbolic-ref -q HEAD || echo detached
          displayName: looks
        """
    pipelines.write({"azure-pipelines.yml": yaml})
    (pipelines.repository / "data.txt").write_text("changed\n")

    clean = pipelines.run(yaml, commit=False)
    (pipelines.repository / "gone.txt").unlink()
    (pipelines.repository / "new.txt").write_text("new\n")
    working = pipelines.run(yaml, commit=False, working_tree=True)

    assert clean.build.source_version in clean.log("looks")
    assert "detached" in clean.log("looks")
    assert "committed" in clean.log("looks")
    assert clean.build.source_branch == "refs/heads/main"
    assert "changed" in working.log("looks")
    assert "new.txt" in working.log("looks")
    assert "gone.txt" not in working.log("looks")


def test_artifacts_travel_from_job_to_job(pipelines: Pipelines) -> None:
    ran = pipelines.run(
        """
        jobs:
        - job: a
          steps:
          - checkout: none
          - bash: mkdir -p out/in && echo content > out/in/file.txt && echo x > out/other.log
          - publish: $(Build.SourcesDirectory)/out
            artifact: results
        - job: b
          dependsOn: a
          steps:
          - checkout: none
          - download: current
            artifact: results
            patterns: |
              **
              !**/*.log
          - bash: cat $(Pipeline.Workspace)/results/in/file.txt; ls $(Pipeline.Workspace)/results
            displayName: reads
        """
    )

    assert ran.result.result == "succeeded", str(ran)
    assert "content" in ran.log("reads")
    assert "other.log" not in ran.log("reads")


def test_use_python_version_puts_that_python_first(pipelines: Pipelines) -> None:
    """`python` is there too, whatever it is called on the machine; an absent version is told with those there are."""
    ran = pipelines.run(
        """
        steps:
        - checkout: none
        - task: UsePythonVersion@0
          name: chosen
          inputs: {versionSpec: 3.x}
        - bash: which python; python -c 'import sys; print(sys.version_info[0])'
          displayName: asks
        - task: UsePythonVersion@0
          displayName: too new
          inputs: {versionSpec: '9.1'}
        """
    )
    folder = str(pipelines.folder / "agent/_work/_tool/Python")

    assert any(line.startswith(folder) and line.endswith("/bin/python") for line in ran.log("asks"))
    assert "3" in ran.log("asks")
    assert ran.verdicts["too new"] == "failed"
    assert "Version 9.1 was not found" in ran.errors("too new")[0]


JUNIT = """<?xml version="1.0"?>
<testsuites><testsuite name="suite" timestamp="2026-01-02T03:04:05">
<testcase classname="nb.train" name="cell 1" time="0.5"/>
<testcase classname="nb.train" name="cell 2" time="1.5"><failure message="boom">Trace
back</failure><system-out>said</system-out></testcase>
<testcase classname="nb.train" name="cell 3"><skipped message="later"/></testcase>
</testsuite></testsuites>
"""


@pytest.mark.parametrize("by", ["task", "command"])
def test_junit_results_are_published_over_the_wire(pipelines: Pipelines, tmp_path: Path, by: str) -> None:
    """By PublishTestResults@2 or results.publish: a completed run with its results and what is attached to them."""
    (tmp_path / "r.xml").write_text(JUNIT)
    publish = {
        "task": f"""
        - task: PublishTestResults@2
          displayName: publish
          inputs:
            testResultsFormat: JUnit
            testResultsFiles: '**/*.xml'
            searchFolder: {tmp_path}
            testRunTitle: Mine
            failTaskOnFailedTests: true
        """,
        "command": f"""
        - bash: echo "##vso[results.publish type=JUnit;runTitle=Mine;failTaskOnFailedTests=true]{tmp_path}/r.xml"
          displayName: publish
        """,
    }[by]
    ran = pipelines.run("\n        steps:\n        - checkout: none" + publish)
    (run,) = ran.result.test_runs

    assert ran.verdicts == {"publish": "failed"}, str(ran)
    assert ran.errors("publish") == ["There are one or more test failures detected in result files."]
    assert run["name"] == "Mine"
    assert run["state"] == "Completed"
    assert (run["totalTests"], run["passedTests"]) == (3, 1)
    results = {result["testCaseTitle"]: result for result in run["results"]}
    assert [result["outcome"] for result in results.values()] == ["Passed", "Failed", "NotExecuted"]
    assert results["cell 2"]["errorMessage"] == "boom"
    assert results["cell 2"]["stackTrace"] == "Trace\nback"
    assert results["cell 2"]["automatedTestStorage"] == "nb.train"
