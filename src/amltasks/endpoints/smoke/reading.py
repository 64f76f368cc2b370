"""Cases as people write them: a YAML or JSON file, the same text inline, or a request's body by itself."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from amltasks.data import Data
from amltasks.durations import parse_duration
from amltasks.endpoints.smoke.cases import TIMEOUT, Case, Expectation, ExpectedValue
from amltasks.endpoints.smoke.places import parse_place
from amltasks.errors import UserError
from amltasks.notebooks.core_yaml import load_yaml
from amltasks.notebooks.files import read_file
from amltasks.quoting import nearest, quoted

MOST_BYTES = 16 * 2**20
MOST_REQUESTS = 10_000
MOST_AT_ONCE = 64

_STATUS = re.compile(r"[1-5](?:\d\d|xx)")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class _WrittenExpectation(Data):
    status: int | str | list[int | str] = "2xx"
    json_body: bool = Field(default=True, alias="json")
    json_schema: dict[str, Any] | bool | None = Field(default=None, alias="schema")
    schema_file: str = ""
    values: dict[str, Any] = {}
    length: dict[str, int] = {}
    matches: dict[str, str] = {}
    text: str = ""
    p50: float | str | None = None
    p90: float | str | None = None
    p95: float | str | None = None
    p99: float | str | None = None


class _WrittenCase(Data):
    name: str = ""
    method: str = ""
    path: str = ""
    headers: dict[str, str | int | float | bool] = {}
    body: Any = None
    body_file: str = ""
    text: str = ""
    content_type: str = ""
    repeat: int = Field(default=1, ge=1, le=MOST_REQUESTS)
    concurrency: int = Field(default=1, ge=1, le=MOST_AT_ONCE)
    timeout: float | str = TIMEOUT
    expect: _WrittenExpectation = _WrittenExpectation()


def read_cases(text: str, root: Path, name: str = "cases") -> tuple[Case, ...]:
    """The cases in a file (a path from `root` on), or in the text itself; at least one.

    A mapping with the one name `cases` holds cases; anything else is the body of a request, sent as it stands.
    name: what the text was given for, named in errors. Raises UserError.
    """
    given = text.strip()
    if not given:
        raise UserError(f"{name}: name a file with a request, such as .azureml/test.json, or write cases here.")
    if not re.search(r"[\n{\[]|:\s|:$", given):
        return _in_file(root / given, root, name)
    return _in_text(given, given.encode(), root, name, "request")


def _in_file(path: Path, root: Path, name: str) -> tuple[Case, ...]:
    content = _content(path, root, name)
    if path.suffix.lower() not in (".json", ".yml", ".yaml"):
        return (Case(name=path.stem, body=content, content_type=_type_of(path)),)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{name}: {quoted(path.name)} is not UTF-8.") from None
    return _in_text(text, content, path.parent, path.name, path.stem, root)


def _in_text(
    text: str, content: bytes, folder: Path, name: str, title: str, root: Path | None = None
) -> tuple[Case, ...]:
    document = _json(content)
    if document is None or _holds_cases(document):
        document = load_yaml(text, name)  # whose errors name the line
    if document is None:
        raise UserError(f"{name}: there is nothing in it: write a request's body, or cases.")
    if not _holds_cases(document):
        body = content if _json(content) is not None else json.dumps(document).encode()
        return (Case(name=title, body=body),)
    written = document["cases"]
    if not isinstance(written, list) or not written:
        raise UserError(f"{name}: cases is not a list of cases.")
    cases = tuple(
        _case(item, number, folder, root or folder, f"{name}: case {number}") for number, item in enumerate(written, 1)
    )
    names = [case.name for case in cases]
    twice = next((each for each in names if names.count(each) > 1), None)
    if twice is not None:
        raise UserError(f"{name}: two cases are called {quoted(twice)}: give each a name of its own.")
    return cases


def _holds_cases(document: Any) -> bool:
    return isinstance(document, dict) and list(document) == ["cases"]


def _json(content: bytes) -> Any:
    """The value in it; None where it is not JSON."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def _case(item: Any, number: int, folder: Path, root: Path, name: str) -> Case:
    if not isinstance(item, dict):
        raise UserError(f"{name} is not a mapping of name, body, expect…")
    written = _validated(item, name)
    method = written.method.upper() or "POST"
    if method not in _METHODS:
        raise UserError(f"{name}: method: {quoted(written.method)} is none of {', '.join(_METHODS)}.")
    if "//" in written.path.split("?")[0]:
        raise UserError(
            f"{name}: path: {quoted(written.path)} names another place: write it from the endpoint's host on."
        )
    body, content_type = _body(written, method, folder, root, name)
    return Case(
        name=" ".join(written.name.split()) or f"case {number}",
        method=method,
        path=written.path,
        headers=_headers(written.headers, name),
        body=body,
        content_type=written.content_type or content_type,
        repeat=written.repeat,
        concurrency=written.concurrency,
        timeout=_seconds(written.timeout, f"{name}: timeout") or TIMEOUT,
        expect=_expectation(written.expect, folder, root, name),
    )


def _validated(item: Mapping[str, Any], name: str) -> _WrittenCase:
    try:
        return _WrittenCase.model_validate(item)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        place = [
            part for part in problem["loc"] if isinstance(part, str) and not part.startswith(("function", "dict["))
        ]
        if problem["type"] == "extra_forbidden":
            form = _WrittenExpectation if len(place) > 1 else _WrittenCase
            known = [field.alias or field_name for field_name, field in form.model_fields.items()]
            raise UserError(f"{name}: {'.'.join(place)} is not known{nearest(place[-1], known)}.") from None
        raise UserError(f"{name}: {'.'.join(place)}: {problem['msg'][:1].lower()}{problem['msg'][1:]}.") from None


def _body(written: _WrittenCase, method: str, folder: Path, root: Path, name: str) -> tuple[bytes, str]:
    given = [field for field in ("body", "body_file", "text") if field in written.model_fields_set]
    if len(given) > 1:
        raise UserError(f"{name}: give one of body, bodyFile and text.")
    if not given:
        if method in ("POST", "PUT", "PATCH"):
            raise UserError(f"{name}: there is nothing to send: give body (JSON), bodyFile or text.")
        return b"", ""
    if written.body_file:
        path = folder / written.body_file
        return _content(path, root, f"{name}: bodyFile"), _type_of(path)
    if "text" in written.model_fields_set:
        return written.text.encode(), "text/plain; charset=utf-8"
    return json.dumps(written.body).encode(), "application/json"


def _headers(written: Mapping[str, object], name: str) -> dict[str, str]:
    headers = {}
    for header, value in written.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if not _HEADER.fullmatch(header) or not text.isprintable() or not text.isascii():
            raise UserError(f"{name}: headers: {quoted(header)} cannot be sent as a header.")
        headers[header] = text.strip()
    return headers


def _expectation(written: _WrittenExpectation, folder: Path, root: Path, name: str) -> Expectation:
    name = f"{name}: expect"
    schema = written.json_schema
    if written.schema_file:
        schema = load_yaml(
            _content(folder / written.schema_file, root, f"{name}.schemaFile").decode("utf-8", "replace"),
            f"{name}.schemaFile",
        )
    if schema is not None:
        _check_schema(schema, name)
    for pattern in (*written.matches.values(), written.text):
        _check_pattern(pattern, name)
    latencies = {number: getattr(written, f"p{number}") for number in (50, 90, 95, 99)}
    return Expectation(
        status=_status(written.status, name),
        json_body=written.json_body and not (written.text and "json_body" not in written.model_fields_set),
        json_schema=schema,
        values=tuple(_value(place, value, f"{name}.values") for place, value in written.values.items()),
        lengths=tuple((parse_place(place, f"{name}.length"), size) for place, size in written.length.items()),
        patterns=tuple((parse_place(place, f"{name}.matches"), text) for place, text in written.matches.items()),
        text=written.text,
        latencies={
            number: _seconds(bound, f"{name}.p{number}") or 0.0
            for number, bound in latencies.items()
            if bound is not None
        },
    )


def _status(written: int | str | list[int | str], name: str) -> tuple[str, ...]:
    wanted = tuple(str(each).strip().lower() for each in (written if isinstance(written, list) else [written]))
    wrong = next((each for each in wanted if not _STATUS.fullmatch(each)), None)
    if wrong is not None or not wanted:
        raise UserError(f"{name}.status: {quoted(wrong or '')} is no status: write 200, 2xx or a list of such.")
    return wanted


def _value(place: str, written: Any, name: str) -> ExpectedValue:
    """`3.2`, or `{value: 3.2, absolute: 0.1}` where it need not be met exactly."""
    steps = parse_place(place, name)
    if not (isinstance(written, dict) and "value" in written and set(written) <= {"value", "absolute", "relative"}):
        return ExpectedValue(place=steps, value=written)
    bounds = {
        bound: _tolerance(written.get(bound, 0), f"{name}: {place}: {bound}") for bound in ("absolute", "relative")
    }
    return ExpectedValue(place=steps, value=written["value"], **bounds)


def _tolerance(written: Any, name: str) -> float:
    text = str(written).strip()
    try:
        bound = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        bound = -1.0
    if not 0 <= bound < float("inf") or isinstance(written, bool):
        raise UserError(
            f"{name}: {quoted(written)} is no tolerance: write a number from 0, or a percentage such as 1%."
        )
    return bound


def _seconds(written: float | str, name: str) -> float | None:
    return parse_duration(str(written), name) if isinstance(written, str) else float(written) or None


def _check_schema(schema: Any, name: str) -> None:
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    try:
        validator_for(schema).check_schema(schema)
    except SchemaError as error:
        where = "/".join(map(str, error.absolute_path)) or "schema"
        raise UserError(f"{name}.schema is no JSON schema: {where}: {error.message[:200]}.") from None


def _check_pattern(pattern: str, name: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise UserError(f"{name}: {quoted(pattern)} is no regular expression: {error}.") from None


def _content(path: Path, root: Path, name: str) -> bytes:
    try:
        return read_file(path, MOST_BYTES, root)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def _type_of(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
