"""A scoring script that is tried before it is deployed: what goes wrong has a sentence of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from amltasks.endpoints.precheck import precheck
from amltasks.endpoints.smoke.cases import Case
from amltasks.platforms.endpoints import DeploymentSpec, ScoringEnvironment
from amltasks.platforms.registry import Model
from amltasks.report.checks import Check, CheckOutcome

pytestmark = pytest.mark.xdist_group("precheck")

GOOD = """
    import json, os
    from pathlib import Path

    def init():
        global model
        model = float(Path(os.environ["AZUREML_MODEL_DIR"], "model.txt").read_text())

    def run(raw):
        return {"result": [model * sum(row) for row in json.loads(raw)["data"]]}
"""
SAMPLE = Case(name="sample", body=b'{"data": [[1, 2], [3, 4]]}')

Checks = dict[str, Check]
Try = Callable[..., Checks]


@pytest.fixture
def tried(tmp_path: Path) -> Try:
    """Tries a script; answers with the checks by name."""

    def try_script(
        text: str, conda: str = "", *, cases: tuple[Case, ...] = (SAMPLE,), model: str = "2", **more: Any
    ) -> Checks:
        code, content, folder = (tmp_path / name for name in ("code", "content", "left"))
        for each in (code, content, folder):
            each.mkdir(exist_ok=True)
        (code / "score.py").write_text(dedent(text), "utf-8")
        if model:
            (content / "model.txt").write_text(model, "utf-8")
        environment = ScoringEnvironment()
        if conda:
            (tmp_path / "conda.yml").write_text(dedent(conda), "utf-8")
            environment = ScoringEnvironment(conda=tmp_path / "conda.yml")
        spec = DeploymentSpec(
            models=(Model(name="diabetes", version="3"),), code=code, script="score.py", environment=environment
        )
        spec = spec.model_copy(update=more.pop("spec", {}))
        checks = precheck(spec, {"diabetes:3": content}, cases, print, folder=folder, **more)
        return {check.name: check for check in checks}

    return try_script


def outcomes(checks: Checks) -> dict[str, str]:
    return {name: check.outcome.value for name, check in checks.items()}


def test_a_good_script_passes_every_check(tried: Try) -> None:
    """3.17: several rows are answered, errors are reported."""
    checks = tried(GOOD)

    assert outcomes(checks) == {
        "Scoring environment": "passed",
        "Scoring script starts": "passed",
        "Request sample": "passed",
        "Several rows": "passed",
        "Errors are reported": "passed",
    }
    assert re.search(r"ready after \d+\.\d s, with \d+ MB of memory", checks["Scoring script starts"].message)
    assert '{"result": [6.0, 14.0]}' in checks["Request sample"].message


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (
            "from azureml.core.model import Model\ndef init(): ...\ndef run(raw): ...",
            "The environment has no azureml-core (score.py, line 1): give a conda file that package, or find the "
            "model's file by the variable AZUREML_MODEL_DIR, which needs none.",
        ),
        (
            "def init():\n    import sklearn\ndef run(raw): ...",
            "The environment has no module 'sklearn' (score.py, line 2, in init): add the package scikit-learn to a "
            "conda file.",
        ),
        (
            "import os\ndef init():\n    open(os.environ['AZUREML_MODEL_DIR'] + '/model.pkl')\ndef run(raw): ...",
            "There is no file .*/azureml-models/diabetes/3/model.pkl' among the models (score.py, line 3, in init): "
            "there are 'model.txt'.",
        ),
        (
            "def init():\n    {}['threshold']\ndef run(raw): ...",
            "init() raised KeyError: 'threshold' (score.py, line 2, in init).",
        ),
        pytest.param(
            "def init():\n    pass\ndef run(raw:\n",
            "The scoring script cannot be imported: SyntaxError: .* (score.py, line 3).",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "def init(): ...",
            "User script at .*/score.py does not have a run() function defined.",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "import os\nos._exit(7)",
            "The process of the scoring server ended with exit code 7: .*",
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_script_that_does_not_start_is_told_in_one_sentence(tried: Try, script: str, sentence: str) -> None:
    checks = tried(script)
    starts = checks["Scoring script starts"]

    assert starts.outcome is CheckOutcome.FAILED
    assert re.fullmatch(re.escape(sentence).replace(r"\.\*", ".*"), starts.message), starts.message
    assert [file.name for file in starts.files] == ["scoring-server.log"]
    assert checks["Request sample"].outcome is CheckOutcome.NOT_RUN


def test_errors_of_run_are_told_with_their_line(tried: Try) -> None:
    checks = tried("def init(): ...\n\ndef run(raw):\n    raise ValueError('no such column')\n")

    assert checks["Request sample"].outcome is CheckOutcome.FAILED
    assert checks["Request sample"].message == "run() raised ValueError: no such column (score.py, line 4, in run)."
    assert checks["Errors are reported"].outcome is CheckOutcome.PASSED


def test_a_result_that_cannot_become_json_is_told(tried: Try) -> None:
    checks = tried("def init(): ...\n\ndef run(raw):\n    return {1, 2}\n")

    assert "run() answered with a value that cannot become JSON: one of type set" in checks["Request sample"].message


def test_what_answers_anything_is_warned_about(tried: Try) -> None:
    """3.17: one that answers only one row, and nonsense as if it were a row."""
    script = """
        import json

        def init(): ...

        def run(raw):
            rows = json.loads(raw).get("data", [0])
            if len(rows) > 2:
                raise ValueError("too many")
            return [1.0]
    """
    checks = tried(script)

    assert checks["Several rows"].outcome is CheckOutcome.UNKNOWN
    assert "run() raised ValueError: too many" in checks["Several rows"].message
    assert checks["Errors are reported"].outcome is CheckOutcome.UNKNOWN
    assert "clients take that for a prediction" in checks["Errors are reported"].message


def test_a_script_that_hangs_in_init_is_ended_in_time(tried: Try) -> None:
    checks = tried("import time\n\ndef init(): time.sleep(600)\n\ndef run(raw): ...", within=1.5)

    assert "did not answer within 2 s" in checks["Scoring script starts"].message


def test_variables_of_the_pipeline_do_not_reach_the_script(tried: Try, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the deployment do."""
    monkeypatch.setenv("MY_SECRET", "s3cret-of-the-pipeline")
    script = """
        import os

        def init():
            print("told: hidden-word")

        def run(raw):
            return {"mine": os.environ.get("MY_SECRET"), "own": os.environ["OWN"]}
    """
    checks = tried(script, spec={"variables": {"OWN": "here"}}, redact=lambda text: text.replace("hidden-word", "***"))

    assert '{"mine": null, "own": "here"}' in checks["Request sample"].message
    log = checks["Scoring script starts"].files[0].path.read_text("utf-8")
    assert "told: ***" in log
    assert "hidden-word" not in log


def test_a_script_that_is_not_there_is_told(tried: Try) -> None:
    checks = tried(GOOD, spec={"script": "src/score.py"})

    assert checks["Scoring script starts"].message.startswith("There is no scoring script 'src/score.py' in the folder")


@pytest.mark.long
def test_packages_that_do_not_exist_are_told_in_pips_words(tried: Try) -> None:
    conda = """
        dependencies:
          - pip:
            - azureml-inference-server-http==0.0.404
    """
    checks = tried(GOOD, conda)

    environment = checks["Scoring environment"]
    assert environment.outcome is CheckOutcome.FAILED
    assert environment.message.startswith("The scoring environment cannot be made: ")
    assert "azureml-inference-server-http==0.0.404" in environment.message
    assert checks["Scoring script starts"].outcome is CheckOutcome.NOT_RUN


def test_an_environment_of_azure_ml_alone_cannot_be_tried(tried: Try) -> None:
    checks = tried(GOOD, spec={"environment": ScoringEnvironment(name="AzureML-sklearn:1")})

    assert set(outcomes(checks).values()) == {"unknown", "notRun"}
    assert "AzureML-sklearn:1 has is not known here" in checks["Scoring environment"].message
