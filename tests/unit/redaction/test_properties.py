"""What must hold for every secret and every text."""

from __future__ import annotations

import base64
import json
import urllib.parse
from copy import deepcopy
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook, new_output

from amltasks.redaction import MASK, Redactor
from amltasks.redaction.forms import is_redactable

CHARACTERS = st.characters(exclude_characters="*", exclude_categories=["Cs"])
SECRETS = st.text(CHARACTERS, min_size=4, max_size=120).map(str.strip).filter(is_redactable)
TEXTS = st.text(st.characters(), max_size=200)  # with lone surrogates


@given(secret=SECRETS, before=TEXTS, after=TEXTS)
@settings(deadline=None)
def test_no_secret_survives_in_text(secret: str, before: str, after: str) -> None:
    assert secret not in Redactor({"s": secret}).text(before + secret + after)


@given(secrets=st.lists(SECRETS, min_size=1, max_size=5), order=st.randoms())
@settings(deadline=None)
def test_no_secret_survives_beside_others(secrets: list[str], order: object) -> None:
    """Also where one is part of another, or they overlap."""
    redactor = Redactor({str(number): secret for number, secret in enumerate(secrets)})

    redacted = redactor.text("".join(secrets) + " ".join(secrets))

    assert not [secret for secret in secrets if secret in redacted]


@given(secret=SECRETS, text=TEXTS, cuts=st.lists(st.integers(0, 600), max_size=12))
@settings(deadline=None)
def test_no_secret_survives_in_a_stream_however_it_is_cut(secret: str, text: str, cuts: list[int]) -> None:
    for written in (
        secret,
        json.dumps(secret),
        urllib.parse.quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode(),
    ):
        whole = text + written + text
        stream = Redactor({"s": secret}).stream()
        edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]

        shown = "".join(stream.feed(whole[start:end]) for start, end in pairwise(edges)) + stream.close()

        assert MASK in shown
        assert secret not in shown


@given(secret=SECRETS, text=st.text(max_size=400), size=st.integers(1, 50))
@settings(deadline=None)
def test_text_without_a_secret_stays_as_it_is(secret: str, text: str, size: int) -> None:
    redactor = Redactor({"s": secret})
    redacted = redactor.text(text)
    assume(not redactor.found)
    stream = redactor.stream()

    assert redacted == text
    assert (
        "".join(stream.feed(text[start : start + size]) for start in range(0, len(text), size)) + stream.close() == text
    )
    assert redactor.segments([text, text[:3]]) == [text, text[:3]] or redactor.found


@given(secret=SECRETS, cut=st.integers(0, 200), others=st.lists(TEXTS, max_size=3))
@settings(deadline=None)
def test_a_secret_that_runs_over_texts_is_found_in_both(secret: str, cut: int, others: list[str]) -> None:
    segments = [*others, secret[:cut], secret[cut:], *others]

    redacted = Redactor({"s": secret}).segments(segments)

    assert len(redacted) == len(segments)
    assert secret not in "".join(redacted)


@given(
    secret=SECRETS,
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    ),
)
@settings(deadline=None)
def test_json_keeps_its_shape(secret: str, value: object) -> None:
    redactor = Redactor({"s": secret})
    redacted = redactor.value(value)
    assume(not redactor.found)

    assert redacted == value
    assert secret not in json.dumps(redactor.value({secret: [value, secret]}), ensure_ascii=False)


@given(secret=SECRETS, cuts=st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120)), max_size=6))
@settings(deadline=None)
def test_a_notebook_is_copied_only_where_something_is_taken_out(secret: str, cuts: list[tuple[int, int]]) -> None:
    """The one search of all texts misses nothing that the many searches find."""
    parts = [secret[min(cut) : max(cut)] for cut in cuts]
    makers = [
        lambda part: new_output("stream", name="stdout", text=part),
        lambda part: new_output("stream", name="stderr", text=part),
        lambda part: new_output("display_data", data={"text/plain": part, "text/html": [part, part]}),
        lambda part: new_output("error", ename=part, evalue=part[1:], traceback=[part, part[:-1]]),
        lambda part: new_output("display_data", data={"application/json": {part: [1, part]}}, metadata={"m": part}),
    ]
    chosen = [makers[len(part) % len(makers)](part) for part in parts]
    notebook = new_notebook(
        cells=[new_code_cell(part, outputs=[output]) for part, output in zip(parts, chosen, strict=True)]
    )
    changed = deepcopy(notebook)
    Redactor({"s": secret}).notebook(changed)

    redacted = Redactor({"s": secret}).redacted(notebook)

    assert redacted == changed
    assert (redacted is notebook) == (changed == notebook)
