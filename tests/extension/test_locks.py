"""The locks that are packed: hashes of what agents install, and of nothing else."""

from __future__ import annotations

import re

import pytest
from agents import installed

from tests.extension.launching import ROOT

LINUX = "manylinux2014_x86_64.manylinux_2_17_x86_64"


def test_each_machine_has_the_wheel_that_fits_it_best() -> None:
    """By the oldest release of its system, so that newer ones can take it, too."""
    files = {
        f"q-1.0-cp312-cp312-{platform}.whl"
        for platform in (LINUX, "manylinux_2_28_x86_64", "manylinux_2_39_x86_64", "musllinux_1_2_aarch64", "win_amd64")
    }

    assert installed(files, "") == files - {
        f"q-1.0-cp312-cp312-{LINUX}.whl",
        "q-1.0-cp312-cp312-manylinux_2_39_x86_64.whl",
    }


def test_what_only_newer_systems_can_take_is_better_than_nothing() -> None:
    assert installed({"q-1.0-cp312-cp312-manylinux_2_39_x86_64.whl"}, "") == {
        "q-1.0-cp312-cp312-manylinux_2_39_x86_64.whl"
    }


@pytest.mark.parametrize(
    "tags",
    [
        f"cp39-cp39-{LINUX}",
        "pp311-pypy311_pp73-win_amd64",
        "cp312-cp312-linux_s390x",
        "cp312-cp312-ios_13_0_arm64_iphoneos",
    ],
)
def test_wheels_of_other_machines_are_left_out(tags: str) -> None:
    source = "q-1.0.tar.gz"

    assert installed({f"q-1.0-{tags}.whl", source}, "") == {source}


def test_the_source_is_left_out_where_one_wheel_fits_everywhere() -> None:
    assert installed({"q-1.0-py3-none-any.whl", "q-1.0.tar.gz"}, "") == {"q-1.0-py3-none-any.whl"}


def test_a_marker_tells_whose_wheels_are_wanted() -> None:
    files = {f"q-1.0-cp31{minor}-cp31{minor}-{platform}.whl" for minor in (0, 2) for platform in (LINUX, "win_amd64")}

    assert installed(files, "python_full_version == '3.12.*' and sys_platform == 'win32'") == {
        "q-1.0-cp312-cp312-win_amd64.whl"
    }


@pytest.mark.parametrize("lock", ["runner", "azureml", "azureml-v1"])
def test_every_requirement_has_a_hash(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")
    requirements = [line for line in text.replace(" \\\n", "").splitlines() if not line.startswith("#")]

    assert len(requirements) > 70
    assert [line for line in requirements if not re.search(r"--hash=sha256:\w{64}$", line)] == []
