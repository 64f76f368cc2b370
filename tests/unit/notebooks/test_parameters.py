"""Parameters as text, files, sets and assignments; secret parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from amltasks.errors import UserError
from amltasks.notebooks.parameters import (
    parse_assignment,
    parse_parameter_sets,
    parse_parameters,
    parse_secret_parameters,
    read_parameters,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x", "x"),
        ("1", 1),
        ("-7", -7),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("yes", "yes"),
        ("on", "on"),
        ("n", "n"),
        ("12:30", "12:30"),
        ("'2024-01-31'", "2024-01-31"),
        ("!!str 2024-01-31", "2024-01-31"),
        ("'1'", "1"),
        ("[1, [a, 2]]", [1, ["a", 2]]),
        ("{b: {c: 1}}", {"b": {"c": 1}}),
        ("'😀'", "😀"),
    ],
)
def test_values_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    """No Norway problem, no base 60, no octal by a leading zero."""
    read = parse_parameters(f"a: {text}")["a"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2024-01-31", "is a date"),
        ("2001-12-14t21:59:43.10-05:00", "is a date"),
        (".nan", "no JSON value"),
        ("NaN", "no JSON value"),
        ("-Infinity", "no JSON value"),
        ("1e999", "too large"),
        ("(1, 2)", "tuple"),
        ("b'ab'", "bytes"),
        ("None", "write null"),
        ("010", "octal"),
        ("1_000", "write it without _"),
        ("!!set {x}", "the tag '!!set'"),
        ("!!binary aGk=", "the tag '!!binary'"),
        ("!!python/tuple [1]", "the tag '!!python/tuple'"),
        ("!!python/object/apply:os.system [id]", "the tag"),
        ("{1: x}", "the name '1' is not text"),
        ("{x, x}", "'x' is given twice"),
        ("9" * 5000, "4,300 digits"),
        ('"\\ud83d"', "half a character"),
        ("&x [*x]", "deeper than 100"),
    ],
)
def test_what_has_no_json_form_is_never_a_silent_string(text: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_parameters(f"ok: 1\na: {text}")
    assert "parameters: line 2: " in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- 1", "is a list instead of a mapping"),
        ("alpha:1", "a space is missing after the colon"),
        ("5", "is a number"),
        ("a: 1\na: 2", "line 2: 'a' is given twice"),
        ("a: [", "not valid YAML"),
        ("a: $(alpha)", "'a' is to be the variable 'alpha', which this job does not have"),
        ("a:\n\t- 1", "line 2"),
        ("a: 1\n---\nb: 2", "another document"),
        ("a: " + "[" * 5000, "deeper than 100"),
        ('{"a": NaN}', "'NaN' is no JSON value"),
        ('{"a": 1, "a": 2}', "given twice"),
    ],
)
def test_what_is_no_mapping_is_answered(text: str, says: str) -> None:
    with pytest.raises(UserError, match=r"^parameters:") as caught:
        parse_parameters(text)
    assert says in str(caught.value)


def test_aliases_cannot_be_multiplied_without_end() -> None:
    """The "billion laughs": nine lines that stand for 10⁹ values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(UserError, match="more than 100,000 values"):
        parse_parameters("\n".join(lines))


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
parameter_mappings = st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), json_values, max_size=4)


@given(parameter_mappings)
def test_json_comes_back_as_it_was(parameters: dict[str, Any]) -> None:
    for text in (json.dumps(parameters), json.dumps(parameters, ensure_ascii=False, indent=1)):
        assert parse_parameters(text) == parameters


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.text(max_size=20), max_size=4))
def test_quoted_text_is_always_text(texts: dict[str, str]) -> None:
    assert parse_parameters(yaml.safe_dump(texts, allow_unicode=True, default_style='"')) == texts


@given(st.text(max_size=40))
def test_any_text_is_a_mapping_or_a_sentence(text: str) -> None:
    parameters, said = {}, ""
    try:
        parameters = parse_parameters(text)
    except UserError as error:
        said = str(error)
    json.dumps(parameters, allow_nan=False)
    assert "\n" not in said


class TestFiles:
    def test_yaml_and_json_are_read(self, tmp_path: Path) -> None:
        (tmp_path / "p.yml").write_text("alpha: 0.1\n", "utf-8-sig")
        (tmp_path / "p.json").write_text('{"alpha": 0.1}')
        assert read_parameters(tmp_path / "p.yml", tmp_path) == {"alpha": 0.1}
        assert read_parameters(tmp_path / "p.json", tmp_path) == {"alpha": 0.1}

    @pytest.mark.parametrize(
        ("content", "says"),
        [(None, "'p.yml' does not exist"), (b"\xff", "not UTF-8"), (b"- 1", "'p.yml': is a list")],
    )
    def test_faults_name_the_input_and_the_file(self, tmp_path: Path, content: bytes | None, says: str) -> None:
        if content is not None:
            (tmp_path / "p.yml").write_bytes(content)
        with pytest.raises(UserError, match=r"^parametersFile") as caught:
            read_parameters(tmp_path / "p.yml", tmp_path)
        assert says in str(caught.value)

    def test_a_file_outside_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "root").mkdir()
        (tmp_path / "p.yml").write_text("a: 1")
        with pytest.raises(UserError, match="leads out of the repository"):
            read_parameters(tmp_path / "root" / ".." / "p.yml", tmp_path / "root")


class TestSets:
    def test_names_are_given_or_come_from_the_values(self, tmp_path: Path) -> None:
        sets = parse_parameter_sets("- {name: weak, alpha: 0.1}\n- {alpha: 1, kind: svm}\n- {}", tmp_path)
        assert [(one.name, one.parameters) for one in sets] == [
            ("weak", {"alpha": 0.1}),
            ("alpha=1, kind=svm", {"alpha": 1, "kind": "svm"}),
            ("defaults", {}),
        ]

    def test_the_long_form_leaves_name_to_the_notebook(self, tmp_path: Path) -> None:
        (one,) = parse_parameter_sets("[{name: n, parameters: {name: Ada}}]", tmp_path)
        assert (one.name, one.parameters) == ("n", {"name": "Ada"})

    def test_a_file_may_hold_them(self, tmp_path: Path) -> None:
        (tmp_path / "sets.yml").write_text("- {alpha: 1}\n")
        assert parse_parameter_sets("sets.yml", tmp_path)[0].name == "alpha=1"

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("a: 1", "instead of a list of mappings"),
            ("- 5", "set 1: is a number"),
            ("- {name: x}\n- {name: x}", "set 2 has the name 'x' of set 1"),
            ("- {name: x, a: 1}\n- {name: y, a: 1}", "set 2 has the values of set 1"),
            ("- {name: [x]}", "text on one line"),
            ('- {name: "a\\nb"}', "text on one line"),
            ("- {name: " + "x" * 61 + "}", "longer than 60"),
            ("missing.yml", "does not exist"),
        ],
    )
    def test_faults_say_which_set(self, tmp_path: Path, text: str, says: str) -> None:
        with pytest.raises(UserError, match=r"^parameterSets") as caught:
            parse_parameter_sets(text, tmp_path)
        assert says in str(caught.value)

    @settings(max_examples=40)
    @given(st.lists(parameter_mappings, max_size=5, unique_by=lambda one: json.dumps(one, sort_keys=True)))
    def test_derived_names_are_short_unique_and_stable(self, sets: list[dict[str, Any]]) -> None:
        for one in sets:
            one.pop("name", None)
        text = json.dumps(sets)
        try:
            made = parse_parameter_sets(text, Path())
        except UserError:
            return  # the same values, or 1 and "1"
        names = [one.name for one in made]
        assert names == [one.name for one in parse_parameter_sets(text, Path())]
        assert len(set(names)) == len(names)
        assert all(name.isprintable() and 0 < len(name) <= 60 for name in names)


class TestAssignments:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a=1", ("a", 1)),
            ("a=x=y", ("a", "x=y")),
            ("a=", ("a", "")),
            ("a='1'", ("a", "1")),
            ("a=[1, x]", ("a", [1, "x"])),
        ],
    )
    def test_values_are_yaml(self, text: str, expected: tuple[str, Any]) -> None:
        assert parse_assignment(text) == expected

    @pytest.mark.parametrize("text", ["a", "=1", "a=2024-01-31"])
    def test_others_are_refused(self, text: str) -> None:
        with pytest.raises(UserError, match=r"^-p"):
            parse_assignment(text)


class TestSecretParameters:
    def test_lines_become_variables(self) -> None:
        assert parse_secret_parameters("A=x\r\n\n# note\nB_2 = y=z \n") == {"A": "x", "B_2": "y=z"}
        assert parse_secret_parameters("A=x\u2028y\x85z") == {"A": "x\u2028y\x85z"}

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("A=$(db.password)", "'db.password', which this job does not have"),
            ("A=", "A is empty"),
            ("1A=x", "line 1 is not NAME="),
            ("A=x\na=y", "given twice"),
            ("A=first\nSECOND LINE", "line 2 is not NAME="),
        ],
    )
    def test_faults_name_line_and_variable(self, text: str, says: str) -> None:
        with pytest.raises(UserError, match=r"^secretParameters: line ") as caught:
            parse_secret_parameters(text)
        assert says in str(caught.value)

    @pytest.mark.parametrize("text", ["hunter2", "A=x\nhunter2", "A B=hunter2", "A=hunter2\nA=hunter2", "A=hunter2\0"])
    def test_a_value_is_never_part_of_an_error(self, text: str) -> None:
        """Requirement 0.32: what the agent expanded may be a secret, wherever it stands."""
        with pytest.raises(UserError) as caught:
            parse_secret_parameters(text)
        assert "hunter2" not in str(caught.value)
