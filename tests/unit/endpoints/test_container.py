"""The folder that a scoring image is built from: complete, the same each time, and without a network where asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from amltasks.endpoints.container import write_context
from amltasks.errors import UserError
from amltasks.platforms.endpoints import DeploymentSpec, Requests, ScoringEnvironment
from amltasks.platforms.registry import Model

CONDA = """
dependencies:
  - python=3.10
  - scikit-learn=1.4
  - pip:
    - numpy==1.26.4
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "src" / "lib").mkdir(parents=True)
    (tmp_path / "src" / "score.py").write_text("def init(): ...\ndef run(data): ...\n")
    (tmp_path / "src" / "lib" / "helper.py").write_text("x = 1\n")
    (tmp_path / "src" / "__pycache__").mkdir()
    (tmp_path / "src" / "__pycache__" / "score.pyc").write_bytes(b"\0")
    (tmp_path / "model.pkl").write_bytes(b"model")
    (tmp_path / "conda.yml").write_text(CONDA)
    return tmp_path


def spec(place: Path, **more: Any) -> DeploymentSpec:
    given = {
        "models": (Model(name="diabetes", version="3"),),
        "code": place / "src",
        "script": "score.py",
        "environment": ScoringEnvironment(conda=place / "conda.yml"),
        **more,
    }
    return DeploymentSpec(**given)


def written(place: Path, folder: str = "out", **more: Any) -> Path:
    models = more.pop("found", {"diabetes:3": place / "model.pkl"})
    write_context(place / folder, spec(place, **more), models, lambda _: None)
    return place / folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_holds_model_code_packages_and_a_dockerfile(place: Path) -> None:
    """Requirements 2.23, 3.15."""
    folder = written(place, variables={"WHO": 'a "b" $c'}, requests=Requests(concurrent=2))

    assert sorted(content(folder)) == [
        "Dockerfile",
        "code/lib/helper.py",
        "code/score.py",
        "models/diabetes/3/model.pkl",
        "requirements.txt",
    ]
    assert (folder / "requirements.txt").read_text().splitlines() == [
        "scikit-learn==1.4.*",
        "numpy==1.26.4",
        "azureml-inference-server-http==1.5.1",
    ]
    assert (folder / "Dockerfile").read_text().splitlines() == [
        "FROM python:3.10-slim",
        "WORKDIR /var/azureml-app",
        "COPY requirements.txt ./",
        "RUN python -m pip install --no-cache-dir -r requirements.txt",
        "COPY models/ azureml-models/",
        "COPY code/ code/",
        'ENV AML_APP_ROOT="/var/azureml-app/code"',
        'ENV AZUREML_ENTRY_SCRIPT="score.py"',
        'ENV AZUREML_MODEL_DIR="/var/azureml-app/azureml-models/diabetes/3"',
        'ENV WHO="a \\"b\\" \\$c"',
        'LABEL amltasks.models="diabetes:3"',
        "EXPOSE 5001",
        'CMD ["python", "-m", "gunicorn", "--bind", "0.0.0.0:5001", "--workers", "2", "--timeout", "300", '
        '"--access-logfile", "-", "azureml_inference_server_http.server.entry:app"]',
    ]


def test_what_it_copies_is_there(place: Path) -> None:
    folder = written(place)

    copied = [line.split()[1] for line in (folder / "Dockerfile").read_text().splitlines() if line.startswith("COPY")]
    assert all((folder / name).exists() for name in copied)


def test_the_same_again_is_the_same_to_the_last_byte_and_time(place: Path) -> None:
    one, two = written(place, "one"), written(place, "two")

    assert content(one) == content(two)
    assert {path.stat().st_mtime for path in (one, *one.rglob("*"))} == {315532800.0}


def test_a_folder_in_the_code_does_not_hold_itself(place: Path) -> None:
    folder = written(place, "src/context")

    assert sorted(path.name for path in (folder / "code").iterdir()) == ["lib", "score.py"]


def test_several_models_lie_below_one_folder(place: Path) -> None:
    (place / "other").mkdir()
    (place / "other" / "b.txt").write_text("b")
    models = (Model(name="diabetes", version="3"), Model(name="other", version="1"))

    folder = written(place, models=models, found={"diabetes:3": place / "model.pkl", "other:1": place / "other"})

    assert (folder / "models" / "other" / "1" / "other" / "b.txt").is_file()
    assert 'ENV AZUREML_MODEL_DIR="/var/azureml-app/azureml-models"' in (folder / "Dockerfile").read_text()


def test_an_image_that_was_named_is_the_base(place: Path) -> None:
    folder = written(place, environment=ScoringEnvironment(image="registry.example/base:1"))

    assert (folder / "Dockerfile").read_text().startswith("FROM registry.example/base:1\n")
    assert (folder / "requirements.txt").read_text() == "azureml-inference-server-http==1.5.1\n"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"environment": ScoringEnvironment(name="curated")}, "environment: 'curated' is the workspace's"),
        ({"variables": {"A": "1\n2"}}, "variables: '1\\n2' has several lines"),
        ({"folder": "src"}, "contextFolder: "),
    ],
)
def test_what_cannot_be_is_said(place: Path, more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as refused:
        written(place, **more)

    assert str(refused.value).startswith(sentence)


def test_packages_that_stand_in_another_file_are_refused(place: Path) -> None:
    (place / "conda.yml").write_text("dependencies: [{pip: [-r more.txt]}]\n")

    with pytest.raises(UserError, match="names a file that the image has not"):
        written(place)


@pytest.mark.long
def test_with_wheels_it_needs_no_package_index(place: Path) -> None:
    """All that pip installs lies in it: an installation from there alone has everything."""
    (place / "conda.yml").write_text("dependencies: [python=3.11, {pip: [six]}]\n")
    given = spec(place)

    write_context(place / "out", given, {"diabetes:3": place / "model.pkl"}, lambda _: None, wheels=True)

    names = {path.name.partition("-")[0] for path in (place / "out" / "wheels").glob("*.whl")}
    assert {"six", "azureml_inference_server_http", "flask"} <= {name.lower() for name in names}
    install = "RUN python -m pip install --no-cache-dir --no-index --find-links=wheels -r requirements.txt"
    assert install in (place / "out" / "Dockerfile").read_text().splitlines()
