"""What the documents say is so: links lead somewhere, examples are accepted by the code that they are written for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import yaml

from amltasks.notebooks.settings import RepositorySettings
from amltasks.requests import RunNotebooksRequest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "extension" / "overview.md"]
TASK = json.loads((ROOT / "tasks" / "RunNotebookOnAML" / "task.json").read_text(encoding="utf-8"))

_LINK = re.compile(r"(?:\]\(|(?:src|srcset)=\")(?!https?:|#)([^)#\"]+)(?:#[^)]*)?[)\"]")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """Fenced examples: where they stand, and what they say."""
    for document in DOCUMENTS:
        for number, match in enumerate(_BLOCK.finditer(document.read_text(encoding="utf-8")), 1):
            if match[1] == language:
                yield f"{document.name} block {number}", match[2]


def inputs_in(example: object) -> Iterator[dict[str, object]]:
    """The inputs that an example gives to the task, whole steps or only inputs."""
    names = {task_input["name"] for task_input in TASK["inputs"]}
    if isinstance(example, dict):
        if str(example.get("task", "")).startswith("RunNotebookOnAML@"):
            yield example.get("inputs", {})
        elif set(example) <= names:
            yield example
        for step in example.get("steps", []):
            yield from inputs_in(step)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(document: Path) -> None:
    links = _LINK.findall(document.read_text(encoding="utf-8"))

    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize(("where", "text"), list(blocks("yaml")))
def test_the_inputs_of_examples_are_accepted(where: str, text: str, tmp_path: Path) -> None:
    for inputs in inputs_in(yaml.safe_load(text)):
        given = {"notebooks": "*.ipynb", **{name: str(value) for name, value in inputs.items()}}
        # As on an agent: every macro is expanded before the task sees it.
        expanded = {name: re.sub(r"\$\([\w.]+\)", "value", value) for name, value in given.items()}

        assert RunNotebooksRequest.from_inputs(expanded, tmp_path, tmp_path).notebooks


def test_the_example_of_settings_is_read_as_the_page_says(tmp_path: Path) -> None:
    example = next(text for _, text in blocks("yaml") if text.startswith("# notebooks.yml"))
    (tmp_path / "notebooks.yml").write_text(example, encoding="utf-8")
    broken = tmp_path / "notebooks" / "broken.ipynb"
    broken.parent.mkdir()
    nbformat.write(nbformat.v4.new_notebook(), broken)

    assert RepositorySettings(tmp_path).of(broken).expected_outcome.value == "failed"


def test_every_output_variable_is_named_in_the_how_to() -> None:
    how_to = (ROOT / "docs" / "how-to.md").read_text(encoding="utf-8")

    assert [item["name"] for item in TASK["outputVariables"] if f"`{item['name']}`" not in how_to] == []


def test_the_documents_speak_of_the_project_alone() -> None:
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")

        assert not re.search(r"(?<![\w.])/(work|tmp|root|home)/", text), document.name
