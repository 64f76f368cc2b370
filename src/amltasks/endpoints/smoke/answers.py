"""An answer, or why there is none, and what is wrong with it. Pure; sends nothing."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field

from amltasks.data import Data
from amltasks.endpoints.smoke.cases import Expectation
from amltasks.endpoints.smoke.places import MissingError, Place, shown, values_at
from amltasks.notebooks.strict_json import ContentError, parse_json
from amltasks.quoting import quoted

FAULTS = 20  # told of one answer
ROUNDING = 1e-9  # of numbers, relative: what one more time through JSON may change


class Answer(Data):
    """status: 0 where no answer came; then `fault` says why, one sentence. seconds: until all of it was here.

    again: whether it is worth asking again while what is asked may still be starting. trace: the request's
    `traceparent`. headers: names in lower case.
    """

    status: int = 0
    headers: dict[str, str] = {}
    body: bytes = Field(default=b"", repr=False)
    seconds: float = 0.0
    fault: str = ""
    again: bool = False
    trace: str = ""

    @property
    def text(self) -> str | None:
        """The body as text; None where it is none."""
        try:
            return self.body.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None


def judged(expect: Expectation, answer: Answer) -> tuple[str, ...]:
    """A sentence for each thing that is not as expected; none for a good answer. Latencies are judged apart."""
    if answer.fault:
        return (answer.fault,)
    if not has_status(expect, answer.status):
        return (_status_fault(expect, answer),)
    return tuple(re.sub("^the response", "The response", fault) for fault in _faults(expect, answer))


def has_status(expect: Expectation, status: int) -> bool:
    return any(str(status) == wanted or f"{status // 100}xx" == wanted for wanted in expect.status)


def status_words(answer: Answer) -> str:
    """`Status 401 (the key or token is missing or not accepted)`."""
    why = _REASONS.get(answer.status, "")
    if 300 <= answer.status < 400:
        why = f"it sends on to {quoted(answer.headers.get('location', 'nowhere'))}: use that address"
    return f"Status {answer.status}{f' ({why})' if why else ''}"


def slow(expect: Expectation, seconds: Sequence[float]) -> tuple[str, ...]:
    """A sentence for each percentile that takes longer than it may. seconds: of all answers of a case."""
    return tuple(
        f"p{number} is {1000 * percentile(seconds, number):.0f} ms of {len(seconds)} answers, "
        f"and {1000 * bound:.0f} ms were expected."
        for number, bound in sorted(expect.latencies.items())
        if seconds and percentile(seconds, number) > bound
    )


def percentile(values: Sequence[float], number: float) -> float:
    """The smallest value that `number` per cent of them do not exceed (nearest rank). values: at least one."""
    return sorted(values)[max(0, math.ceil(len(values) * number / 100) - 1)]


def _faults(expect: Expectation, answer: Answer) -> Iterator[str]:
    if expect.text and not re.search(expect.text, answer.text or ""):
        yield f"The response does not match {quoted(expect.text)}: {excerpt(answer)}."
    by_place = (*expect.values, *expect.lengths, *expect.patterns)
    if not (expect.json_body or by_place or expect.json_schema is not None):
        return
    try:
        document = document_of(answer.body)
    except ContentError as error:
        yield f"The response {str(error).rstrip('.')}: {excerpt(answer)}."
        return
    if expect.json_schema is not None:
        yield from _against_schema(expect.json_schema, document)
    for expected in expect.values:
        for value in _at(document, expected.place):
            if isinstance(value, _Missing):
                yield value.sentence
            else:
                found = differences(expected.value, value, expected.absolute, expected.relative, expected.place)
                yield from (f"{sentence}." for sentence in found)
    for place, size in expect.lengths:
        yield from (_length_fault(place, size, value) for value in _at(document, place) if _size(value) != size)
    for place, pattern in expect.patterns:
        for value in _at(document, place):
            if isinstance(value, _Missing):
                yield value.sentence
            elif not re.search(pattern, value if isinstance(value, str) else json.dumps(value)):
                yield f"{shown(place)} is {quoted(value)}, which does not match {quoted(pattern)}."


def document_of(body: bytes) -> Any:
    """The JSON in a response; where that is a text with JSON in it, as scoring scripts of `json.dumps` give, that.

    Raises ContentError, to be said after `The response`.
    """
    document = parse_json(body)
    if isinstance(document, str) and document.lstrip()[:1] in ("{", "["):
        try:
            return parse_json(document.encode())
        except ContentError as error:
            raise ContentError(f"is JSON in a text, and that {error}") from None
    return document


def differences(expected: Any, value: Any, absolute: float = 0.0, relative: float = 0.0, at: Place = ()) -> list[str]:
    """A clause for each difference between two JSON values; numbers may differ by so much."""
    if _is_number(expected) and _is_number(value):
        if close(expected, value, absolute, relative):
            return []
        within = f" (±{absolute:g}, ±{100 * relative:g}%)" if absolute or relative else ""
        return [f"{shown(at)} is {value!r}, and {expected!r}{within} was expected"]
    if isinstance(expected, dict) and isinstance(value, dict):
        found = [f"{shown((*at, name))} is missing" for name in expected if name not in value]
        found += [f"{shown((*at, name))} was not expected" for name in value if name not in expected]
        for name in (name for name in expected if name in value):
            found += differences(expected[name], value[name], absolute, relative, (*at, name))
        return found
    if isinstance(expected, list) and isinstance(value, list) and len(expected) == len(value):
        found = []
        for index, (one, other) in enumerate(zip(expected, value, strict=True)):
            found += differences(one, other, absolute, relative, (*at, index))
        return found
    if type(expected) is type(value) and expected == value:
        return []
    return [f"{shown(at)} is {quoted(json.dumps(value))}, and {quoted(json.dumps(expected))} was expected"]


def close(expected: float, value: float, absolute: float, relative: float) -> bool:
    """Whether a number is near enough. relative: of the expected one, whatever else came."""
    try:
        return expected == value or abs(expected - value) <= max(absolute, (relative + ROUNDING) * abs(expected))
    except OverflowError:  # a whole number that no float holds
        return False


def excerpt(answer: Answer, limit: int = 200) -> str:
    """The beginning of the body, on one line."""
    text = answer.text
    if text is None:
        return f"{len(answer.body):,} bytes of {quoted(answer.headers.get('content-type', 'no type'))}"
    line = " ".join(text.split())
    return (line if len(line) <= limit else f"{line[: limit - 1]}…") or "nothing"


class _Missing:
    def __init__(self, sentence: str) -> None:
        self.sentence = sentence


def _at(document: Any, place: Place) -> list[Any]:
    try:
        return values_at(document, place)
    except MissingError as error:
        return [_Missing(f"There is no {shown(place)}: {error}.")]


def _size(value: Any) -> int | None:
    return len(value) if isinstance(value, list | dict | str) else None


def _length_fault(place: Place, size: int, value: Any) -> str:
    if isinstance(value, _Missing):
        return value.sentence
    has = "no length" if _size(value) is None else f"the length {_size(value)}"
    return f"{shown(place)} has {has}, and {size} was expected."


def _against_schema(schema: dict[str, Any] | bool, document: Any) -> Iterator[str]:
    from jsonschema.validators import validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    validator = validator_for(schema)(schema, registry=Registry())  # of its own: nothing is fetched
    try:
        for error in validator.iter_errors(document):
            where = shown(tuple(error.absolute_path))
            yield f"{where} does not keep to the schema: {' '.join(error.message.split())[:300]}."
    except Unresolvable as error:
        yield f"The schema refers to {quoted(error.ref)}, which is not in it."


def _status_fault(expect: Expectation, answer: Answer) -> str:
    said = f": {excerpt(answer)}" if answer.body else ""
    return f"{status_words(answer)}, and {' or '.join(expect.status)} was expected{said}."


_REASONS = {
    401: "the key or token is missing or not accepted",
    403: "the key or token does not allow this",
    404: "there is nothing at this address",
    405: "this method is not served",
    408: "the request took too long",
    413: "the request is too large",
    415: "the content type is not understood",
    424: "the scoring script failed",
    429: "too many requests",
    500: "the scoring script failed",
    502: "nothing answers behind the front door",
    503: "not ready, or too busy",
    504: "no answer in time behind the front door",
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
