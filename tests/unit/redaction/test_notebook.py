"""Notebooks: sources, outputs of every kind, what runs over their borders, metadata, attachments, images."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from amltasks.redaction import MASK, Redactor

SECRET = "S3cr3t+/=pa ss&w\u00f6rd\"'<%>"
HALF = len(SECRET) // 2
PIXELS = zlib.compress(b"\0" + bytes(4))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: bytes, rest: bytes = b"") -> str:
    """A PNG of one pixel with more chunks, in base64."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0))
    parts = [b"\x89PNG\r\n\x1a\n", header, *chunks, chunk(b"IDAT", PIXELS), chunk(b"IEND", b""), rest]
    return base64.b64encode(b"".join(parts)).decode()


def redacted(*outputs: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """In place, and as a copy where that is needed, which must be the same."""
    notebook = new_notebook(cells=[new_code_cell("1", outputs=list(outputs))])
    copied = Redactor({"password": SECRET}).redacted(notebook)
    Redactor({"password": SECRET}).notebook(notebook)
    nbformat.validate(notebook)
    assert copied == notebook
    return notebook.cells[0].outputs  # type: ignore[no-any-return]


def stream(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    return new_output("stream", name=name, text=text)


def display(data: object) -> nbformat.NotebookNode:
    return new_output("display_data", data=data)


def test_nothing_of_a_notebook_keeps_the_secret() -> None:
    """The names of the secrets found are returned; the notebook is valid and otherwise the same."""
    cell = new_code_cell(
        f"password = {SECRET!r}",
        metadata={"tags": [SECRET], SECRET: {"a": SECRET}},
        outputs=[
            stream(f"is {SECRET}"),
            new_output("error", ename=SECRET, evalue=f"bad {SECRET}", traceback=[f"a {SECRET}", "b"]),
            new_output("execute_result", data={"text/html": f"<b>{SECRET}</b>"}, metadata={"x": SECRET}),
            display({"application/json": {SECRET: [SECRET]}, "image/svg+xml": f"<svg><!-- {SECRET} --></svg>"}),
        ],
    )
    text = new_markdown_cell(f"# {SECRET}", attachments={f"{SECRET}.png": {"image/png": png(), "text/plain": SECRET}})
    notebook = new_notebook(cells=[cell, text], metadata={"title": SECRET, "papermill": {"parameters": {"p": SECRET}}})
    redactor = Redactor({"password": SECRET, "other": "not in there"})

    assert redactor.notebook(notebook) == {"password"}

    nbformat.validate(notebook)
    assert "S3cr3t" not in json.dumps(notebook)
    assert notebook.cells[0].outputs[0].text == f"is {MASK}"
    assert notebook.cells[1].attachments == {f"{MASK}.png": {"image/png": png(), "text/plain": MASK}}


def test_a_second_notebook_is_not_blamed_for_the_first() -> None:
    redactor = Redactor({"password": SECRET})
    redactor.text(SECRET)

    assert redactor.notebook(new_notebook(cells=[new_code_cell("1")])) == frozenset()
    assert redactor.found == {"password"}


def test_a_secret_over_two_outputs_is_found() -> None:
    first, second = redacted(stream(f"a {SECRET[:HALF]}"), display({"text/plain": f"{SECRET[HALF:]} b"}))

    assert (first.text, second.data["text/plain"]) == ("a ***", "*** b")


def test_a_secret_over_two_streams_is_found() -> None:
    first, second = redacted(stream(SECRET[:HALF]), stream(SECRET[HALF:], "stderr"))

    assert (first.text, second.text) == (MASK, MASK)


def test_a_secret_in_one_stream_interrupted_by_another_is_found() -> None:
    first, second, third = redacted(stream(SECRET[:HALF]), stream("warning\n", "stderr"), stream(SECRET[HALF:]))

    assert (first.text, second.text, third.text) == (MASK, "warning\n", MASK)


def test_a_secret_over_two_cells_is_found() -> None:
    cells = [new_code_cell("1", outputs=[stream(part)]) for part in (SECRET[:HALF], SECRET[HALF:])]

    Redactor({"password": SECRET}).notebook(new_notebook(cells=cells))

    assert [cell.outputs[0].text for cell in cells] == [MASK, MASK]


@pytest.mark.parametrize(
    "evil",
    [
        chunk(b"tEXt", b"Comment\0" + SECRET.encode("latin-1")),
        chunk(b"tEXt", b"Comment\0" + base64.b64encode(SECRET.encode())),
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(SECRET.encode("latin-1"))),
        chunk(b"iTXt", b"Comment\0\1\0en\0\0" + zlib.compress(SECRET.encode())),
    ],
    ids=["text", "text in base64", "compressed", "international"],
)
def test_a_png_loses_the_text_that_betrays_a_secret_and_no_other(evil: bytes) -> None:
    harmless = chunk(b"tEXt", b"Software\0Matplotlib")

    (output,) = redacted(display({"image/png": png(harmless, evil)}))

    assert output.data["image/png"] == png(harmless)


def test_what_is_hidden_behind_a_png_goes() -> None:
    (output,) = redacted(display({"image/png": png(rest=SECRET.encode())}))

    assert output.data["image/png"] == png()


def test_an_image_without_a_secret_stays_as_it_is_written() -> None:
    """Also with line ends in its base64, as Jupyter writes it."""
    written = "\n".join([png(), ""])

    assert redacted(display({"image/png": written}))[0].data["image/png"] == written


def test_another_image_that_holds_a_secret_becomes_a_blank_one() -> None:
    jpeg = b"\xff\xd8\xff\xfe\0\x20" + SECRET.encode() + b"\xff\xd9"

    (output,) = redacted(display({"image/jpeg": base64.b64encode(jpeg).decode()}))

    assert base64.b64decode(output.data["image/jpeg"]).startswith(b"\x89PNG")


def test_an_image_file_is_redacted_in_place(tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    path.write_bytes(base64.b64decode(png(chunk(b"tEXt", b"Comment\0" + SECRET.encode()))))

    assert Redactor({"password": SECRET}).file(path) == {"password"}

    assert path.read_bytes() == base64.b64decode(png())


def test_what_claims_to_be_an_image_is_searched_as_text() -> None:
    (output,) = redacted(display({"image/png": f"not base64 {SECRET}"}))

    assert output.data["image/png"] == f"not base64 {MASK}"


def test_real_notebooks_without_the_secrets_stay_as_they_are() -> None:
    """Images, tables and text of the corpus give no false alarm to secrets as short and plain as passwords are."""
    corpus = Path(__file__).resolve().parents[4] / "shared" / "notebooks"
    if not corpus.is_dir():
        pytest.skip(f"the corpus of notebooks is not here: {corpus}")
    passwords = ["Winter2024!", "P@ssw0rd", "qwerty", "s3cret", "letmein1", "dragonfly", "11223344", "admin", "hunter2"]
    redactor = Redactor({password: password for password in passwords})
    changed = []

    for path in sorted(corpus.glob("s*/**/*.ipynb")):
        try:
            notebook = nbformat.from_dict(json.loads(path.read_text("utf-8")))
            before = json.dumps(notebook, sort_keys=True)
            names = redactor.notebook(notebook)
        except (ValueError, AttributeError):  # some are no notebooks on purpose
            continue
        if names or json.dumps(notebook, sort_keys=True) != before:
            changed.append((path.name, names))

    assert changed == []
