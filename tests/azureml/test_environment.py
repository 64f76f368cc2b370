"""What the notebooks run in on Azure ML, and what is added to a conda file (0.6, 0.19)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from amltasks.errors import UserError
from amltasks.platforms.azureml.environment import (
    DEFAULT_IMAGE,
    RUNNER,
    JobEnvironment,
    job_environment,
    with_requirements,
)

CONDA = {"name": "n", "channels": ["c"], "dependencies": ["python=3.10", "pip", {"pip": ["ipykernel==6.29"]}]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "conda.yml").write_text(yaml.safe_dump(CONDA))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["sklearn"], "azureml:sklearn@latest"),
        (["AzureML-sklearn-1.5:3"], "azureml:AzureML-sklearn-1.5:3"),
        (["azureml:own@prod"], "azureml:own@prod"),
        (
            ["azureml://registries/azureml/environments/x/versions/2"],
            "azureml://registries/azureml/environments/x/versions/2",
        ),
    ],
)
def test_an_environment_of_the_workspace(root: Path, words: list[str], named: str) -> None:
    assert job_environment(words, root) == JobEnvironment(named=named)


def test_an_image_alone_is_taken_as_it_is(root: Path) -> None:
    assert job_environment(["mcr.example/a/b:1"], root) == JobEnvironment(image="mcr.example/a/b:1")


def test_an_image_with_a_conda_file(root: Path) -> None:
    made = job_environment(["mcr.example/a/b:1", "conda.yml"], root, ["pandas>=2"])

    assert made.image == "mcr.example/a/b:1"
    assert pip_lines(made.conda)[:2] == ["ipykernel==6.29", "pandas>=2"]


def test_nothing_said_is_a_python_with_a_kernel(root: Path) -> None:
    made = job_environment([], root)

    assert made.image == DEFAULT_IMAGE
    assert pip_lines(made.conda)[0] == "ipykernel"
    assert len(pip_lines(made.conda)) == 1 + len(RUNNER)


def test_what_is_missing_is_added_and_the_rest_left_as_it_is() -> None:
    made = with_requirements(CONDA, ["pandas>=2", "ipykernel"])

    assert made == {**CONDA, "dependencies": ["python=3.10", "pip", {"pip": ["ipykernel==6.29", "pandas>=2"]}]}
    assert CONDA["dependencies"][2] == {"pip": ["ipykernel==6.29"]}


@pytest.mark.parametrize(
    ("dependency", "requirement"),
    [
        ("numpy", "numpy>=1.20"),
        ("conda-forge::scikit-learn=1.5", "scikit_learn"),
        ("pytorch>=2", "torch"),
        ({"pip": ["Scikit_Learn[extra]==1.0 ; python_version > '3'"]}, "scikit-learn"),
        ({"pip": ["git+https://example/x.git#egg=own-thing"]}, "own_thing"),
        ({"pip": ["own @ https://example/own.whl"]}, "own"),
        ({"pip": ["numpy==1.0 --hash=sha256:ab  # why"]}, "numpy"),
    ],
)
def test_what_is_there_in_any_form_is_not_doubled(dependency: Any, requirement: str) -> None:
    conda = {"dependencies": ["pip", dependency]}

    assert with_requirements(conda, [requirement]) == conda


def test_one_requirement_is_added_once() -> None:
    made = with_requirements({"dependencies": ["python"]}, ["pandas", "Pandas>=2"])

    assert made == {"dependencies": ["python", "pip", {"pip": ["pandas"]}]}


def test_options_of_the_pip_section_stay() -> None:
    made = with_requirements({"dependencies": ["pip", {"pip": ["--index-url https://x/", "-e ."]}]}, ["a"])

    assert pip_lines(made) == ["--index-url https://x/", "-e .", "a"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["a", "b"], "name one environment, image or conda file"),
        (["sklearn", "conda.yml"], "a conda file goes with an image only"),
        (["nowhere.yml"], "'nowhere.yml': 'nowhere.yml' does not exist."),
        (["bad.yml"], "'bad.yml' is no conda file: it has no list of `dependencies`"),
        (["broken.yml"], "'broken.yml' is no conda file: "),
    ],
)
def test_what_makes_no_environment(root: Path, words: list[str], sentence: str) -> None:
    (root / "bad.yml").write_text("name: x")
    (root / "broken.yml").write_text("a: [")

    with pytest.raises(UserError) as refused:
        job_environment(words, root)

    assert sentence in str(refused.value)


def pip_lines(conda: dict[str, Any] | None) -> list[str]:
    assert conda
    lines: list[str] = conda["dependencies"][-1]["pip"]
    return lines
