"""What a conda file asks for, as pip installs it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from amltasks.errors import UserError
from amltasks.platforms.local.serving.conda import Wanted, wanted_by


def wanted(tmp_path: Path, text: str) -> Wanted:
    file = tmp_path / "conda.yml"
    file.write_text(dedent(text), "utf-8")
    return wanted_by(file)


@pytest.mark.parametrize(
    ("package", "requirement"),
    [
        ("numpy", "numpy"),
        ("scikit-learn=1.5", "scikit-learn==1.5.*"),
        ("scikit-learn=1.5.*", "scikit-learn==1.5.*"),
        ("scikit-learn==1.5.2", "scikit-learn==1.5.2"),
        ("numpy>=1.26,<3", "numpy>=1.26,<3"),
        ("numpy >=1.26", "numpy>=1.26"),
        ("conda-forge::joblib=1.4.2=pyhd8ed1ab_0", "joblib==1.4.2.*"),
        ("joblib==1.4.2=pyhd8ed1ab_0", "joblib==1.4.2"),
        ("pytorch=2.5", "torch==2.5.*"),
    ],
)
def test_condas_packages_become_pips(tmp_path: Path, package: str, requirement: str) -> None:
    found = wanted(tmp_path, f"dependencies: ['{package}']")

    assert found.requirements == (requirement,)
    assert len(found.notes) == 1


def test_what_only_conda_has_is_left_out_and_told(tmp_path: Path) -> None:
    found = wanted(tmp_path, "dependencies: [python=3.10.4, pip, libgcc-ng, nomkl, cudatoolkit=11, {pip: [numpy]}]")

    assert found.python == "3.10"
    assert found.requirements == ("numpy",)
    assert found.notes == ("Left out, as only conda has them: 'libgcc-ng', 'nomkl', 'cudatoolkit'.",)


def test_files_of_the_pip_section_are_those_beside_the_conda_file(tmp_path: Path) -> None:
    found = wanted(tmp_path, "dependencies: [{pip: ['-r more.txt', '--constraint=pins.txt', '--pre']}]")

    assert found.requirements == (f"-r {tmp_path / 'more.txt'}", f"--constraint {tmp_path / 'pins.txt'}", "--pre")


@pytest.mark.parametrize(
    ("line", "has"),
    [("azureml-defaults", True), ("Azureml_Inference_Server_HTTP>=1", True), ("numpy # azureml-defaults", False)],
)
def test_the_inference_server_is_known_in_every_form(tmp_path: Path, line: str, has: bool) -> None:
    assert wanted(tmp_path, f"dependencies: [{{pip: ['{line}']}}]").has_server is has


@pytest.mark.parametrize("text", ["- a list", "name: x", "dependencies: 3", "dependencies: [': :']", "a: [", "\u0000"])
def test_what_is_no_conda_file_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match=r"^'conda\.yml'"):
        wanted(tmp_path, text)
