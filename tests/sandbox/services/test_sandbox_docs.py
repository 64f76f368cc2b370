"""docs/sandbox.md says what is there, and what it shows works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox.__main__ import main
from sandbox.faults import Fault, read_faults

PAGE = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_every_option_of_serve_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--help"])

    options = set(re.findall(r"--[a-z]+", capsys.readouterr().out)) - {"--help"}
    assert {option for option in options if f"`{option} " not in PAGE} == set()


def test_every_key_of_a_fault_is_there() -> None:
    keys = {field.alias for field in Fault.model_fields.values()}

    assert {key for key in keys if f"`{key}`" not in PAGE} == set()


def test_the_example_of_faults_is_read() -> None:
    [example] = blocks("yaml")

    assert len(read_faults(example)) == 6


def test_the_example_in_python_runs() -> None:
    [example] = blocks("python")
    publish = (
        "from sandbox.devops.test.models import RunCreate, ShallowReference\n"
        '    world.tests.create(RunCreate(name="x", build=ShallowReference(id=str(build.id))), "me")'
    )

    exec(example.replace("...", publish), {})
