"""Cases as people write them, and what they are told where that cannot be understood."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from amltasks.endpoints.smoke.cases import Case
from amltasks.endpoints.smoke.places import MissingError, parse_place, values_at
from amltasks.endpoints.smoke.reading import read_cases
from amltasks.errors import UserError

DOCUMENT = {"result": [1.5, {"a.b": "x", "c/d": [7]}], "n": {"m": None}}


def case_of(text: str, root: Path) -> Case:
    (case,) = read_cases(text, root)
    return case


class TestFiles:
    def test_a_request_alone_is_a_case_and_sent_byte_by_byte(self, tmp_path: Path) -> None:
        """REQUIREMENTS 4.11."""
        body = b'{"data":  [[1, 2,3]]}\n'
        (tmp_path / ".azureml").mkdir()
        (tmp_path / ".azureml" / "test.json").write_bytes(body)

        case = case_of(".azureml/test.json", tmp_path)

        assert (case.name, case.method, case.body, case.content_type) == ("test", "POST", body, "application/json")
        assert case.expect.status == ("2xx",)
        assert case.expect.json_body

    def test_what_is_no_json_is_sent_with_its_own_type(self, tmp_path: Path) -> None:
        (tmp_path / "digit.png").write_bytes(b"\x89PNG\r\n")

        case = case_of("digit.png", tmp_path)

        assert (case.body, case.content_type) == (b"\x89PNG\r\n", "image/png")

    def test_bodies_and_schemas_may_lie_beside_the_cases(self, tmp_path: Path) -> None:
        folder = tmp_path / "tests"
        folder.mkdir()
        (folder / "body.json").write_text("[1]")
        (folder / "schema.json").write_text('{"type": "object"}')
        (folder / "cases.yml").write_text("cases:\n- {bodyFile: body.json, expect: {schemaFile: schema.json}}\n")

        case = case_of("tests/cases.yml", tmp_path)

        assert case.name == "case 1"
        assert case.body == b"[1]"
        assert case.expect.json_schema == {"type": "object"}

    def test_a_large_body_is_no_yaml(self, tmp_path: Path) -> None:
        (tmp_path / "test.json").write_text(json.dumps({"data": [[0] * 1000] * 200}))

        assert len(case_of("test.json", tmp_path).body) > 200_000


class TestInline:
    def test_a_body_in_json_or_yaml(self, tmp_path: Path) -> None:
        assert case_of('{"data": [[1]]}', tmp_path).body == b'{"data": [[1]]}'
        assert json.loads(case_of("data:\n- [1, 2]\n", tmp_path).body) == {"data": [[1, 2]]}

    def test_all_that_a_case_can_say(self, tmp_path: Path) -> None:
        text = """
            cases:
            - name: two  rows
              method: put
              path: /score?x=1
              headers: {x-api-version: 2, x-flag: true}
              text: a,b
              contentType: text/csv
              repeat: 20
              concurrency: 4
              timeout: 1 min
              expect:
                status: [200, 3xx]
                values:
                  /result/0: 3.2
                  $.score: {value: 4, absolute: 0.5, relative: 1%}
                  literal: {value: 1, unit: m}
                length: {result: 2}
                matches: {version: "^1"}
                text: ok
                p50: 0.2
                p95: 500 ms
        """

        case = case_of(text, tmp_path)
        expect = case.expect

        assert (case.name, case.method, case.path, case.timeout) == ("two rows", "PUT", "/score?x=1", 60.0)
        assert case.headers == {"x-api-version": "2", "x-flag": "true"}
        assert (case.body, case.content_type, case.repeat, case.concurrency) == (b"a,b", "text/csv", 20, 4)
        assert expect.status == ("200", "3xx")
        exact, near, literal = expect.values
        assert (exact.place, exact.value, exact.absolute) == (("result", "0"), 3.2, 0.0)
        assert (near.place, near.value, near.absolute, near.relative) == (("score",), 4, 0.5, 0.01)
        assert literal.value == {"value": 1, "unit": "m"}
        assert expect.lengths == ((("result",), 2),)
        assert expect.latencies == {50: 0.2, 95: 0.5}
        assert not expect.json_body, "whose text is looked at need not be JSON"


def test_the_documents_example_is_understood(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "how-to.md").read_text(encoding="utf-8")
    (example,) = [block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if block.startswith("cases:")]

    cases = read_cases(example, tmp_path)

    assert [case.name for case in cases] == ["two patients", "nonsense is refused"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "name a file with a request"),
        ("missing.json", "'missing.json' does not exist"),
        ("../outside.json", "leads out of the repository"),
        ("cases: []", "is not a list of cases"),
        ("cases: [7]", "case 1 is not a mapping"),
        ("cases: [{name: a}]", "there is nothing to send"),
        ("cases: [{body: 1, text: a}]", "give one of body, bodyFile and text"),
        ("cases: [{body: 1, exspect: {}}]", "exspect is not known (did you mean 'expect'?)"),
        ("cases: [{body: 1, expect: {statsu: 200}}]", "expect.statsu is not known (did you mean 'status'?)"),
        ("cases: [{body: 1, expect: {status: 20}}]", "'20' is no status"),
        ("cases: [{body: 1, expect: {p95: soon}}]", "'soon' is not a length of time"),
        ("cases: [{body: 1, expect: {values: {'a[': 1}}}]", "is no place in JSON"),
        ("cases: [{body: 1, expect: {values: {a: {value: 1, absolute: -1}}}}]", "'-1' is no tolerance"),
        ("cases: [{body: 1, expect: {matches: {a: '('}}}]", "is no regular expression"),
        ("cases: [{body: 1, expect: {schema: {type: thing}}}]", "is no JSON schema"),
        ("cases: [{body: 1, repeat: 0}]", "repeat: input should be greater than or equal to 1"),
        ("cases: [{body: 1, path: '//elsewhere/score'}]", "names another place"),
        ("cases: [{body: 1, path: 'https://elsewhere/score'}]", "names another place"),
        ("cases: [{body: 1, headers: {'a b': 1}}]", "cannot be sent as a header"),
        ("cases: [{body: 1, method: SEND}]", "'SEND' is none of"),
        ("cases: [{body: 1, name: x}, {body: 2, name: x}]", "two cases are called 'x'"),
        ("cases:\n- body: 1\n- body: {a: 1\n", "line"),
    ],
)
def test_what_cannot_be_understood_is_said_in_a_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside.json").write_text("{}")

    with pytest.raises(UserError, match=r"^tests") as raised:
        read_cases(text, tmp_path / "inside", "tests")

    assert sentence in str(raised.value)


class TestPlaces:
    @pytest.mark.parametrize(
        ("place", "values"),
        [
            ("", [DOCUMENT]),
            ("$", [DOCUMENT]),
            ("/result/0", [1.5]),
            ("$.result[0]", [1.5]),
            ("result[-2]", [1.5]),
            ("/result/1/c~1d/0", [7]),
            ("$.result[1]['a.b']", ["x"]),
            ("$.n.m", [None]),
            ("result[1]['c/d'][*]", [7]),
            ("result[*]", DOCUMENT["result"]),
            ("n.*", [None]),
        ],
    )
    def test_each_way_to_write_one(self, place: str, values: list[object]) -> None:
        assert values_at(DOCUMENT, parse_place(place, "values")) == values

    @pytest.mark.parametrize(
        ("place", "why"),
        [
            ("/result/2", "result has 2 items, and no 2"),
            ("$.reslt", "the response has no 'reslt', only 'result', 'n'"),
            ("n.m.k", "n.m is neither object nor list"),
            ("result.first", "result has 2 items, and no 'first'"),
        ],
    )
    def test_why_there_is_no_such(self, place: str, why: str) -> None:
        with pytest.raises(MissingError) as raised:
            values_at(DOCUMENT, parse_place(place, "values"))

        assert str(raised.value) == why
