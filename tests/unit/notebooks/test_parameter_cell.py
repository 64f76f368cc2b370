"""Whether parameters fit, and that what is let through is what papermill's own injection makes of it."""

from __future__ import annotations

import json
import keyword
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from papermill.parameterize import parameterize_notebook

from amltasks.errors import UserError
from amltasks.notebooks.parameter_cell import check_parameters

LANGUAGES = {"python": "python3", "R": "ir", "scala": "scala", "julia": "julia"}


def book(source: str, *after: nbformat.NotebookNode, language: str = "python") -> nbformat.NotebookNode:
    cell = new_code_cell(source, metadata={"tags": ["parameters"]})
    kernel = {"name": LANGUAGES[language], "language": language, "display_name": language}
    return new_notebook(cells=[cell, *after], metadata={"kernelspec": kernel})


def injected(source: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The names that the parameters cell and the one papermill adds to it leave behind."""
    made = book(source)
    made.metadata.papermill = {"parameters": {}}
    result = parameterize_notebook(made, parameters)
    json.dumps(result, allow_nan=False)
    names: dict[str, Any] = {}
    for cell in result.cells:
        exec(cell.source, names)
    return names


def fault(notebook: nbformat.NotebookNode, parameters: dict[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        check_parameters(notebook, parameters)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "parameters"),
    [
        ("alpha = 0.1", {"alpha": 1}),
        ("alpha: float = 1", {"alpha": 2.5}),
        ("a: 'int | None' = None", {"a": None}),
        ("from typing import Optional\na: Optional[int] = 3", {"a": None}),
        ("a: int = None", {"a": None}),
        ("a = None", {"a": "anything"}),
        ("a = 5", {"a": None}),
        ("a = compute = print", {"a": 5}),
        ("a = 'x=y'\nb, c = 1, 2", {"a": "z", "b": 3}),
        ("a = (1, 2)", {"a": [3, 4]}),
        ("a: dict[str, int] = {}", {"a": {"x": 1}}),
        ("import typing as t\na: t.Literal['x', 'y'] = 'x'", {"a": "y"}),
        ("if True:\n    a = 1", {"a": 2}),
        ("größe = 1", {"größe": 2}),
    ],
)
def test_what_fits_is_set_by_papermill(source: str, parameters: dict[str, Any]) -> None:
    assert check_parameters(book(source), parameters) == ()
    names = injected(source, parameters)
    assert {name: names[name] for name in parameters} == parameters


@pytest.mark.parametrize(
    ("source", "parameters", "says"),
    [
        ("alpha = 1", {"alpha": "x"}, "has the default 1, but 'x' is given"),
        ("alpha = 0.1", {"alpha": "0.2"}, "'0.2' is given"),
        ("alpha: int = 1", {"alpha": 2.5}, "is declared as int, but 2.5 is given"),
        ("a = 'v'", {"a": 1.1}, "write it in quotation marks to pass text"),
        ("flag = False", {"flag": 1}, "1 is given"),
        ("flag = False", {"flag": "yes"}, "'yes' is given"),
        ("n = 1", {"n": True}, "True is given"),
        ("a = 1  # type: float", {"a": "x"}, "is declared as float"),
        ("a = [1]", {"a": {"x": 1}}, "is given"),
        ("a: list[int] = [1]", {"a": ["x"]}, "is declared as list[int]"),
        ("a: str | None = None", {"a": 5}, "is declared as str | None"),
        ("a = b'x'", {"a": "x"}, "is given"),
    ],
)
def test_another_type_is_an_error_with_the_value(source: str, parameters: dict[str, Any], says: str) -> None:
    assert says in fault(book(source), parameters)


def test_a_fraction_for_a_whole_default_is_a_note() -> None:
    """Sweeping alpha = 1 over 0.5 is what people do; a declared int is meant."""
    (note,) = check_parameters(book("alpha = 1"), {"alpha": 0.5})
    assert "'alpha'" in note


def test_an_unknown_name_is_an_error_with_the_nearest_one() -> None:
    assert "cell 0) has no 'alpa' (did you mean 'alpha'?)" in fault(book("alpha = 1\nbeta = 2"), {"alpa": 1})
    assert "it assigns 'alpha', 'beta'" in fault(book("alpha = 1\nbeta = 2"), {"zzz": 1})
    assert "it assigns nothing" in fault(book("def f():\n    alpha = 1"), {"alpha": 1})


@pytest.mark.parametrize(
    "name", ["a = 5\nimport os; print('pwned')\nz", "class", "1a", "a b", "", "a-b", "a.b", "None"]
)
def test_a_name_that_is_no_identifier_never_reaches_papermill(name: str) -> None:
    """papermill pastes names into code as they are."""
    assert "not a Python identifier" in fault(book("a = 1"), {name: 1})


class TestTheParametersCell:
    def test_without_one_the_error_says_how_to_tag_it(self) -> None:
        untagged = new_notebook(cells=[new_code_cell("alpha = 1")])
        assert "add this tag to the code cell" in fault(untagged, {"alpha": 1})
        assert check_parameters(untagged, {}) == ()

    def test_two_are_refused_as_the_second_would_undo_the_values(self) -> None:
        """m47: papermill writes after the first one."""
        second = new_code_cell("alpha = 2", metadata={"tags": ["parameters"]})
        assert "Cells 0, 1 are tagged" in fault(book("alpha = 1", second), {"alpha": 3})
        assert check_parameters(book("alpha = 1", second), {}) == ()

    def test_on_markdown_the_tag_is_misplaced(self) -> None:
        """m69."""
        markdown = new_notebook(cells=[new_markdown_cell("x", metadata={"tags": ["parameters"]})])
        assert "cell 0, which is markdown" in fault(markdown, {"x": 1})

    def test_that_does_not_parse_is_named_with_its_line(self) -> None:
        """m68."""
        assert "cell 0) is not valid Python: line 1: '(' was never closed" in fault(book("a = (1,\n"), {"a": 1})

    def test_may_hold_magics_and_shell_lines(self) -> None:
        source = "%matplotlib inline\n!ls\nfiles = !ls\nprint?\nalpha = 1"
        assert check_parameters(book(source), {"alpha": 2}) == ()

    def test_values_of_an_earlier_run_are_told(self) -> None:
        """m72: papermill replaces them; without parameters they would act unnoticed."""
        earlier = new_code_cell("# Parameters\na = 666", metadata={"tags": ["injected-parameters"]})
        assert "cell 1 are replaced" in check_parameters(book("a = 1", earlier), {"a": 2})[0]
        assert "Cell 1 holds parameters that an earlier" in check_parameters(book("a = 1", earlier), {})[0]

    def test_values_of_an_earlier_run_before_it_are_refused(self) -> None:
        tagged = book("a = 1")
        tagged.cells.insert(0, new_code_cell("a = 666", metadata={"tags": ["injected-parameters"]}))
        assert "delete it" in fault(tagged, {"a": 2})


class TestOtherLanguages:
    def test_names_are_looked_up_in_the_source(self) -> None:
        assert check_parameters(book("alpha <- 1\nbeta.x = 2", language="R"), {"alpha": 3, "beta.x": 1}) == ()
        assert "did you mean 'alpha'?" in fault(book("alpha <- 1", language="R"), {"alpa": 3})
        assert check_parameters(book("val alpha: Int = 1", language="scala"), {"alpha": 3}) == ()

    def test_names_have_to_be_identifiers_there(self) -> None:
        """papermill drops the leading _ of names for R."""
        assert "not an identifier of R" in fault(book("`_x` <- 1", language="R"), {"_x": 3})

    def test_a_language_that_papermill_does_not_know_is_refused(self) -> None:
        with pytest.raises(UserError, match="cannot be written in 'cobol'"):
            check_parameters(book("x = 1"), {"x": 1}, language="cobol")


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(value=json_values)
@settings(deadline=None)
def test_every_json_value_arrives_in_python_as_it_was(value: Any) -> None:
    """Quotes, backslashes, line ends and control characters in text among them."""
    assert check_parameters(book("a = None"), {"a": value}) == ()
    assert injected("a = None", {"a": value})["a"] == value


@given(name=st.text(max_size=12), value=st.integers())
@settings(deadline=None)
def test_any_name_is_set_or_refused(name: str, value: int) -> None:
    source = f"{name} = 0" if name.isidentifier() and not keyword.iskeyword(name) else "alpha = 0"
    try:
        check_parameters(book(source), {name: value})
    except UserError:
        return
    assert value in injected(source, {name: value}).values()


@given(source=st.text(max_size=60))
@settings(deadline=None)
def test_any_parameters_cell_is_understood_or_answered(source: str) -> None:
    said = ""
    try:
        check_parameters(book(source), {"a": 1})
    except UserError as error:
        said = str(error)
    assert "\n" not in said
