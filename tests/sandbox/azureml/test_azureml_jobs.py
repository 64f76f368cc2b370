"""Jobs: submitted by the real SDK, run as processes, told of, cancelled."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.azure.sdk import RefusedError
from tests.sandbox.azureml.scene import Scene

JOB_LOG, BUILD_LOG = "user_logs/std_log.txt", "azureml-logs/20_image_build_log.txt"


class TestTheSdk:
    def test_submits_watches_and_downloads_a_job(self, scene: Scene, code: Path, tmp_path: Path) -> None:
        (code / "main.py").write_text(
            "import os, pathlib, sys\n"
            "print('input', sys.argv[1], os.environ['AZUREML_RUN_ID'])\n"
            "pathlib.Path('outputs/kept.txt').write_text('kept')\n"
            "pathlib.Path(sys.argv[2], 'named.txt').write_text('named')\n"
        )
        found = scene.run(
            """
import contextlib, io, os
job = command(
    name="sdk", command="python main.py ${{inputs.alpha}} ${{outputs.table}}", code=folder, environment=plain,
    compute="cpu", inputs={"alpha": 3}, outputs={"table": Output(type="uri_folder")}, experiment_name="trying",
    environment_variables={"COLOUR": "blue"}, tags={"build": "17"}, display_name="A job",
)
made = client.jobs.create_or_update(job)
with contextlib.redirect_stdout(io.StringIO()):
    client.jobs.stream(made.name)
client.jobs.download("sdk", download_path=target, all=True)
again = client.jobs.get("sdk")
result = {
    "made": [made.name, made.status], "status": again.status, "studio": again.studio_url,
    "tags": again.tags, "name": again.display_name, "experiment": again.experiment_name,
    "variables": again.environment_variables,
    "files": sorted(str(path.relative_to(target)) for path in Path(target).rglob("*") if path.is_file()),
}
""",
            folder=str(code),
            target=str(tmp_path / "left"),
        )

        assert found["made"] == ["sdk", "NotStarted"]
        assert (tmp_path / "left" / "artifacts" / JOB_LOG).read_text() == "input 3 sdk\n"
        assert (found["status"], found["experiment"], found["name"]) == ("Completed", "trying", "A job")
        assert (found["tags"], found["variables"]) == ({"build": "17"}, {"COLOUR": "blue"})
        assert found["studio"].startswith(f"https://ml.azure.com/runs/sdk?wsid={scene.workspace.id}")
        assert {"artifacts/outputs/kept.txt", f"artifacts/{JOB_LOG}", "named-outputs/table/named.txt"} <= set(
            found["files"]
        )

    def test_streams_the_log_of_a_job_that_runs(self, scene: Scene) -> None:
        scene.submit("speaks", "echo begun; sleep 300")
        scene.running("speaks", "begun")
        journal = scene.cloud.world.journal

        def cancel() -> None:
            scene.wait(lambda: any("dcid.speaks/user_logs/std_log.txt" in each.url for each in journal.exchanges))
            scene.ask("POST", "jobs/speaks/cancel")

        cancelling = threading.Thread(target=cancel)
        cancelling.start()
        log = scene.run(
            "import contextlib, io\n"
            "with contextlib.redirect_stdout(io.StringIO()) as told: client.jobs.stream('speaks')\n"
            "result = told.getvalue()"
        )
        cancelling.join()

        assert "Streaming user_logs/std_log.txt" in log
        assert "begun\n" in log

    def test_is_told_of_a_failure(self, scene: Scene) -> None:
        with pytest.raises(RefusedError) as refused:
            scene.run(
                "client.jobs.create_or_update(command(name='bad', command='echo oh no; exit 3', environment=plain, "
                "compute='cpu'))\nimport contextlib, io\n"
                "with contextlib.redirect_stdout(io.StringIO()): client.jobs.stream('bad')"
            )

        assert refused.value.kind == "JobException"
        assert "exited with status code 3" in refused.value.message
        assert "oh no" in refused.value.message

    def test_lists_jobs_by_tag_the_newest_first(self, scene: Scene) -> None:
        found = scene.run(
            """
for name, tag in (("one", "a"), ("two", "b"), ("three", "a")):
    client.jobs.create_or_update(
        command(name=name, command="true", environment=plain, compute="cpu", tags={"build": tag})
    )
result = [[job.name for job in client.jobs.list(tag=tag)] for tag in ("build=a", "build", "none")]
"""
        )

        assert found == [["three", "one"], ["three", "two", "one"], []]

    def test_archives_and_tags_a_job_that_was_submitted(self, scene: Scene) -> None:
        found = scene.run(
            """
client.jobs.create_or_update(command(name="old", command="true", environment=plain, compute="cpu", tags={"a": "1"}))
job = client.jobs.get("old")
job.tags = {"b": "2"}
client.jobs.create_or_update(job)
client.jobs.archive("old")
result = [client.jobs.get("old").tags, [job.name for job in client.jobs.list()],
          [job.name for job in client.jobs.list(list_view_type="ArchivedOnly")]]
"""
        )

        assert found == [{"a": "1", "b": "2"}, [], ["old"]]

    def test_uploads_the_same_code_once(self, scene: Scene, code: Path) -> None:
        (code / "main.py").write_text("print(1)\n")
        submit = (
            "made = [client.jobs.create_or_update(command(name=name, command='python main.py', code=folder, "
            "environment=plain, compute='cpu')).code for name in ('first', 'second')]\nresult = made"
        )

        first, second = scene.run(submit, folder=str(code))

        assert first == second
        assert scene.ended("second").status == "Completed"

    def test_cancels_a_job(self, scene: Scene) -> None:
        scene.submit("long", "sleep 300")
        scene.running("long")

        found = scene.run("client.jobs.begin_cancel('long').wait()\nresult = client.jobs.get('long').status")

        assert found == "Canceled"

    def test_is_refused_a_job_that_is_not_there(self, scene: Scene) -> None:
        with pytest.raises(RefusedError, match="Job nope not found") as refused:
            scene.run("client.jobs.get('nope')")

        assert (refused.value.kind, refused.value.status) == ("ResourceNotFoundError", 404)

    def test_without_the_right_is_refused(self, scene: Scene) -> None:
        roles, caller = scene.azure.roles, scene.cloud.builds.object_id
        roles.withdraw(caller)
        roles.assign(caller, "Reader", scene.cloud.subscription)
        try:
            with pytest.raises(RefusedError) as refused:
                scene.run(
                    "client.jobs.create_or_update(command(name='no', command='true', environment='azureml:plain:1', "
                    "compute='cpu'))"
                )
        finally:
            roles.withdraw(caller)
            roles.assign(caller, "Contributor", scene.cloud.subscription)

        assert (refused.value.status, refused.value.code) == (403, "AuthorizationFailed")
        assert "workspaces/jobs/write" in refused.value.message


class TestRunning:
    def test_what_a_job_writes_is_in_its_log_while_it_runs(self, scene: Scene) -> None:
        scene.submit("speaks", "echo begun; echo aside >&2; sleep 300")

        scene.running("speaks", "begun\naside\n")

        details = scene.ask("GET", "history/v1.0:runs/speaks/details").json()
        assert details["status"] == "Running"
        with scene.cloud.client() as client:
            assert client.get(details["logFiles"][JOB_LOG]).text == "begun\naside\n"
        scene.ask("POST", "jobs/speaks/cancel")

    def test_it_sees_its_inputs_and_variables(self, scene: Scene) -> None:
        account = scene.workspace.properties["storageAccount"].rpartition("/")[2]
        container = f"azureml-blobstore-{scene.workspace.properties['workspaceId']}"
        for name in ("data/a.csv", "data/deep/b.csv"):
            scene.azure.storage.put(account, container, name, name.encode())
        store = "azureml://datastores/workspaceblobstore/paths/data"
        inputs = {
            "folder": {"jobInputType": "uri_folder", "uri": f"{store}/", "mode": "ReadOnlyMount"},
            "file": {"jobInputType": "uri_file", "uri": f"{store}/a.csv", "mode": "Download"},
            "place": {"jobInputType": "uri_folder", "uri": f"{store}/", "mode": "Direct"},
            "text": {"jobInputType": "literal", "value": "x y"},
        }
        command = (
            "cd ${{inputs.folder}}; find . -type f | sort; cat ${{inputs.file}}; echo; echo ${{inputs.place}}; "
            "echo '${{inputs.text}}'; echo $MINE $AZUREML_RUN_ID $AZUREML_ARM_WORKSPACE_NAME"
        )

        scene.submit("inputs", command, inputs=inputs, environmentVariables={"MINE": "own"})

        assert scene.ended("inputs").status == "Completed"
        assert scene.file("inputs", JOB_LOG).splitlines() == [
            "./a.csv",
            "./deep/b.csv",
            "data/a.csv",
            f"{store}/",
            "x y",
            f"own inputs {scene.workspace.name}",
        ]

    def test_an_input_that_is_not_there_fails_it(self, scene: Scene) -> None:
        inputs = {"x": {"jobInputType": "uri_file", "uri": "azureml://datastores/workspaceblobstore/paths/none.csv"}}

        scene.submit("starved", "cat ${{inputs.x}}", inputs=inputs)

        error = scene.ended("starved").error
        assert error is not None
        assert "none.csv" in error.message

    def test_an_output_is_the_input_of_the_next_job(self, scene: Scene) -> None:
        outputs = {"made": {"jobOutputType": "uri_folder", "assetName": "table"}}
        scene.submit("maker", "echo 42 > ${{outputs.made}}/value", outputs=outputs)
        assert scene.ended("maker").status == "Completed"
        asset = f"{scene.workspace.id}/data/table/versions/1"
        inputs = {
            "job": {"jobInputType": "uri_folder", "uri": "azureml://jobs/maker/outputs/made"},
            "asset": {"jobInputType": "uri_folder", "uri": asset},
        }

        scene.submit("taker", "cat ${{inputs.job}}/value ${{inputs.asset}}/value", inputs=inputs)

        assert scene.ended("taker").status == "Completed"
        assert scene.file("taker", JOB_LOG) == "42\n42\n"

    def test_it_has_the_packages_of_its_environment(self, scene: Scene) -> None:
        environment = scene.environment("six==1.17.0")

        scene.submit("packed", 'python -c "import six; print(six.__version__)"', environment=environment)

        assert scene.ended("packed").status == "Completed"
        assert scene.file("packed", JOB_LOG) == "1.17.0\n"
        assert "six==1.17.0" in scene.azure.assets.by_id(environment).properties["condaFile"]  # type: ignore[union-attr]

    def test_the_first_job_of_an_environment_sees_its_image_made(self, scene: Scene) -> None:
        environment = scene.environment("six==1.17.0")

        for name in ("first", "second"):
            scene.submit(name, "true", environment=environment)
            scene.ended(name)

        assert [BUILD_LOG in scene.run_of(name).logs for name in ("first", "second")] == [True, False]

    def test_packages_that_are_not_there_fail_its_image(self, scene: Scene) -> None:
        environment = scene.environment("there-is-no-such-package-anywhere==9")

        scene.submit("unmade", "true", environment=environment)

        run = scene.ended("unmade")
        assert run.error is not None
        assert run.error.message == f"Image build failed. For more details, check log file {BUILD_LOG}."
        assert "there-is-no-such-package-anywhere" in scene.file("unmade", BUILD_LOG)
        error = scene.ask("GET", "history/v1.0:runs/unmade/details").json()["error"]["error"]
        assert error["innerError"]["innerError"]["code"] == "ImageBuildFailure"

    def test_a_limit_of_time_cancels_it(self, scene: Scene) -> None:
        scene.submit("slow", "sleep 300", limits={"jobLimitsType": "Command", "timeout": "PT0.5S"})

        run = scene.ended("slow")

        assert run.status == "Canceled"
        assert "limit of its time" in run.warnings[0]

    def test_one_without_a_cluster_runs_on_serverless_machines(self, scene: Scene) -> None:
        body = scene.body("echo there", resources={"instanceType": "Standard_DS2_v2"})
        del body["properties"]["computeId"]

        assert scene.ask("PUT", "jobs/free", body).status_code == 201

        assert scene.ended("free").status == "Completed"
        assert scene.run_of("free").size == "Standard_DS2_v2"


class TestEnding:
    """Cancel, preemption, the end of the sandbox: no process of a job is left."""

    def test_a_session_that_ends_itself_in_time_is_only_asked(self, scene: Scene) -> None:
        scene.submit("polite", "trap 'echo asked; exit 0' TERM; echo ready; while :; do sleep 0.05; done")
        scene.running("polite", "ready")

        scene.ask("POST", "jobs/polite/cancel")

        assert scene.ended("polite").status == "Canceled"
        assert scene.file("polite", JOB_LOG).endswith("asked\n")

    def test_what_does_not_listen_is_killed_with_all_that_it_started(self, scene: Scene) -> None:
        scene.azure.execution.pace.grace = 0.3
        hidden = "setsid bash -c 'trap \"\" TERM; sleep 301 & echo $! ; wait' &"
        scene.submit("deaf", f"trap '' TERM; {hidden} sleep 0.3; echo $$; echo ready; while :; do sleep 0.1; done")
        scene.running("deaf", "ready")
        processes = [int(word) for word in scene.file("deaf", JOB_LOG).split()[:-1]]

        scene.ask("POST", "jobs/deaf/cancel")

        assert scene.ended("deaf").status == "Canceled"
        assert len(processes) == 2
        assert [process for process in processes if Path(f"/proc/{process}").exists()] == []

    def test_what_it_leaves_behind_ends_with_it(self, scene: Scene) -> None:
        scene.submit("leaver", "setsid sleep 301 & echo $!")

        assert scene.ended("leaver").status == "Completed"
        assert not Path(f"/proc/{scene.file('leaver', JOB_LOG).strip()}").exists()

    def test_a_job_that_waits_can_be_cancelled(self, scene: Scene) -> None:
        for name in ("a", "b"):
            scene.submit(name, "sleep 300")
        scene.running("a")
        scene.running("b")
        scene.submit("waits", "sleep 300")  # only now: jobs queue when their environments are there, not in this order
        scene.wait(lambda: scene.run_of("waits").status == "Queued")

        scene.ask("POST", "jobs/waits/cancel")

        assert scene.ended("waits").status == "Canceled"
        assert scene.file("waits", JOB_LOG) == ""
        for name in ("a", "b"):
            scene.ask("POST", f"jobs/{name}/cancel")

    def test_one_that_has_ended_cannot_be_cancelled(self, scene: Scene) -> None:
        scene.submit("done", "true")
        scene.ended("done")

        answer = scene.ask("POST", "jobs/done/cancel")

        assert (answer.status_code, "Completed" in answer.text) == (400, True)

    def test_a_preempted_job_begins_again_on_another_node(self, scene: Scene) -> None:
        scene.azure.computes.create(scene.workspace, "spot", nodes=1, low_priority=True)
        body = scene.body("echo begun; sleep 1.5; echo done")
        body["properties"]["computeId"] = f"{scene.workspace.id}/computes/spot"
        scene.ask("PUT", "jobs/robbed", body)
        scene.running("robbed", "begun")

        scene.azure.execution.preempt("robbed")

        assert scene.ended("robbed").status == "Completed"
        assert scene.file("robbed", JOB_LOG) == "begun\nbegun\ndone\n"

    def test_a_cluster_of_low_priority_loses_a_node_once_where_the_pace_says_so(self, scene: Scene) -> None:
        scene.azure.computes.create(scene.workspace, "spot", nodes=1, low_priority=True)
        scene.azure.execution.pace.preempt = 0.5
        body = scene.body("sleep 1")
        body["properties"]["computeId"] = f"{scene.workspace.id}/computes/spot"

        scene.ask("PUT", "jobs/robbed", body)

        assert scene.ended("robbed").status == "Completed"
        assert scene.file("robbed", "system_logs/lifecycler/lifecycler.log").count("preempted") == 1

    def test_the_files_of_a_cancelled_job_are_kept(self, scene: Scene) -> None:
        scene.submit("partial", "echo half > outputs/half.txt; echo ready; sleep 300")
        scene.running("partial", "ready")

        scene.ask("POST", "jobs/partial/cancel")
        scene.ended("partial")

        assert scene.file("partial", "outputs/half.txt") == "half\n"


class TestClusters:
    def test_nodes_are_given_in_the_order_of_submission(self, scene: Scene) -> None:
        scene.azure.computes.create(scene.workspace, "small", nodes=1)
        names = ["j1", "j2", "j3"]
        for name in names:
            body = scene.body("sleep 0.2")
            body["properties"]["computeId"] = f"{scene.workspace.id}/computes/small"
            scene.ask("PUT", f"jobs/{name}", body)
        runs = [scene.ended(name) for name in names]

        assert [run.status for run in runs] == ["Completed"] * 3
        starts = [run.started for run in runs]
        assert starts == sorted(starts, key=str)

    def test_jobs_that_wait_get_the_nodes_that_come_later(self, scene: Scene) -> None:
        scene.azure.computes.create(scene.workspace, "small", nodes=1)
        for name in ("first", "second"):
            body = scene.body("sleep 300")
            body["properties"]["computeId"] = f"{scene.workspace.id}/computes/small"
            scene.ask("PUT", f"jobs/{name}", body)
        scene.running("first")
        assert scene.run_of("second").status == "Queued"

        scale = {"properties": {"properties": {"scaleSettings": {"maxNodeCount": 2}}}}
        assert scene.ask("PATCH", "computes/small", scale).status_code == 200

        scene.running("second")
        counts = scene.ask("GET", "computes/small").json()["properties"]["properties"]["nodeStateCounts"]
        assert counts["runningNodeCount"] == 2
        for name in ("first", "second"):
            scene.ask("POST", f"jobs/{name}/cancel")
            scene.ended(name)

    def test_a_node_that_was_off_takes_its_time_and_stays_on(self, scene: Scene) -> None:
        scene.azure.execution.pace.start = 0.7
        begun = time.monotonic()
        scene.submit("cold", "true")
        scene.wait(
            lambda: scene.ask("GET", "computes/cpu").json()["properties"]["properties"]["nodeStateCounts"][
                "preparingNodeCount"
            ]
        )
        run = scene.ended("cold")

        assert time.monotonic() - begun > 0.7
        assert run.status == "Completed"
        counts = scene.ask("GET", "computes/cpu").json()["properties"]["properties"]["nodeStateCounts"]
        assert (counts["idleNodeCount"], counts["runningNodeCount"]) == (1, 0)

    def test_the_sdk_makes_changes_and_deletes_them(self, scene: Scene) -> None:
        found = scene.run(
            """
from azure.ai.ml.entities import AmlCompute
made = client.compute.begin_create_or_update(AmlCompute(name="fresh", size="Standard_DS2_v2", max_instances=3)).result()
made.max_instances = 1
client.compute.begin_update(made).result()
again = client.compute.get("fresh")
names = [each.name for each in client.compute.list()]
client.compute.begin_delete("fresh").wait()
left = [each.name for each in client.compute.list()]
result = [made.provisioning_state, again.max_instances, again.size, names, left]
"""
        )

        assert found == ["Succeeded", 1, "Standard_DS2_v2", ["cpu", "fresh"], ["cpu"]]

    @pytest.mark.parametrize(
        ("compute", "code", "says"),
        [
            ("size='Standard_X99'", "BadArgument", "Standard_X99"),
            ("size='Standard_DS4_v2', max_instances=99", "ClusterCoreQuotaReached", "quota of 200"),
            ("min_instances=3, max_instances=1", "BadArgument", "scale settings"),
        ],
    )
    def test_machines_that_cannot_be_had_are_refused(self, scene: Scene, compute: str, code: str, says: str) -> None:
        with pytest.raises(RefusedError, match=says) as refused:
            scene.run(
                "from azure.ai.ml.entities import AmlCompute\n"
                f"client.compute.begin_create_or_update(AmlCompute(name='bad', {compute})).result()"
            )

        assert refused.value.code == code

    def test_one_that_is_not_there_is_refused(self, scene: Scene) -> None:
        with pytest.raises(RefusedError, match="was not found") as refused:
            scene.run("client.compute.get('nope')")

        assert (refused.value.code, refused.value.status) == ("ResourceNotFound", 404)

    def test_a_job_whose_cluster_went_away_fails(self, scene: Scene) -> None:
        scene.azure.computes.create(scene.workspace, "gone", nodes=1)
        scene.azure.execution.pace.queue = 0.5
        body = scene.body("true")
        body["properties"]["computeId"] = f"{scene.workspace.id}/computes/gone"
        scene.ask("PUT", "jobs/orphan", body)

        scene.ask("DELETE", "computes/gone", underlyingResourceAction="Delete")

        error = scene.ended("orphan").error
        assert error is not None
        assert error.message == "AzureMLCompute cluster gone does not exist"


class TestRefusals:
    def test_the_same_job_again_is_the_same_job(self, scene: Scene) -> None:
        body = scene.body("true")

        answers = [scene.ask("PUT", "jobs/twice", body) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [201, 200]
        assert len({answer.json()["systemData"]["createdAt"] for answer in answers}) == 1

    def test_another_job_of_the_same_name_is_refused(self, scene: Scene) -> None:
        body = scene.body("true")
        scene.ask("PUT", "jobs/taken", body)
        body["properties"]["command"] = "false"

        answer = scene.ask("PUT", "jobs/taken", body)

        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (400, "UserError")
        assert error["message"].startswith("A job with this name already exists.")
        assert "the existing job's Command cannot be changed" in error["message"]

    @pytest.mark.parametrize(
        ("changed", "says"),
        [
            ({"computeId": "/subscriptions/x/computes/nope"}, "Unknown compute target 'nope'"),
            ({"environmentId": "azureml:none:1"}, "Environment azureml:none:1 not found"),
            ({"codeId": "/nowhere"}, "Code /nowhere not found"),
            ({"command": "cat ${{inputs.missing}}"}, r"\${{inputs.missing}}"),
            ({"resources": {"instanceCount": 3}}, "exceeds the maximum number of nodes 2"),
            ({"resources": {"nodes": 3}}, "properties.resources.nodes"),
            ({"colour": "blue"}, "properties.colour"),
            ({"tags": {"a": 1}}, "tags.a"),
            ({"jobType": "Sweep"}, "jobType"),
            ({"limits": {"jobLimitsType": "Command", "timeout": "ten minutes"}}, "timeout"),
        ],
    )
    def test_a_job_that_cannot_be_is_refused_by_name(self, scene: Scene, changed: dict[str, Any], says: str) -> None:
        body = scene.body("true")
        body["properties"].update(changed)

        answer = scene.ask("PUT", "jobs/bad", body)

        assert answer.status_code == 400
        assert says.replace("\\", "") in answer.json()["error"]["message"]
        assert scene.ask("GET", "jobs/bad").status_code == 404

    def test_an_unknown_query_parameter_is_refused_by_name(self, scene: Scene) -> None:
        answer = scene.ask("GET", "jobs", colour="blue")

        assert (answer.status_code, "colour" in answer.text) == (400, True)

    def test_an_unknown_api_version_is_refused(self, scene: Scene) -> None:
        assert scene.ask("GET", "jobs", version="2019-01-01").json()["error"]["code"] == "InvalidApiVersionParameter"

    def test_a_job_that_runs_cannot_be_deleted(self, scene: Scene) -> None:
        scene.submit("busy", "sleep 300")

        assert scene.ask("DELETE", "jobs/busy").status_code == 409

        scene.ask("POST", "jobs/busy/cancel")

    def test_jobs_are_the_workspaces_own(self, scene: Scene) -> None:
        scene.submit("mine", "true")
        other = scene.azure.workspaces.create("other-ws")

        assert scene.cloud.ask("GET", f"{other.id}/jobs/mine?api-version=2025-01-01-preview").status_code == 404


def test_nothing_of_the_tests_own_environment_reaches_a_job(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "SECRET_OF_THE_MACHINE", "seen")

    scene.submit("clean", "env")

    scene.ended("clean")
    assert "SECRET_OF_THE_MACHINE" not in scene.file("clean", JOB_LOG)
