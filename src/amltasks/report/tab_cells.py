"""The record of a notebook's cells, of which the tab makes its comparisons: bounded, and without what changes anyway.

Addresses in reprs, names of temporary files and the like differ from run to run without a change in anything: they are
left out of texts and digests.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from amltasks.notebooks.tracebacks import collapse_lines, plain
from amltasks.report.executed import cells_of, is_stand_in, merged, number_of, outputs_of, source_of
from amltasks.report.model import CellResult, NotebookResult
from amltasks.report.sanitiser import data_address
from amltasks.report.tab_limits import (
    BARE_CELLS_BYTES,
    HEADING,
    NAME,
    OUTPUTS,
    PICTURE,
    PICTURES_LEAVE_BYTES,
    RECORD_BYTES,
    SOURCE,
    TEXT,
    bounded,
    encodable,
)
from amltasks.report.tab_records import CellKind, CellsRecord, OutputKind, RecordedCell, RecordedOutput

_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_SVG = "image/svg+xml"
_TEXTS = ("text/plain", "text/markdown", "text/latex")
_HEADING = re.compile(r"^ {0,3}(#{1,6}[ \t]+\S.*)$", re.MULTILINE)
_NOTE_BYTES = 500
_STEADIED = 2_000_000  # characters of HTML and SVG in which what is random is looked for

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_KERNEL_FILE = re.compile(r"\bipykernel_\d+[/\\]\d+\.py")
_NUMBER = re.compile(r"\b(In ?)\[\d+\]")
_RANDOM_NAMES = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"  # of Bokeh's and Plotly's elements
    r"|\bT_[0-9a-f]{5}"  # of pandas' styled tables
    r"|\b[a-z][0-9a-f]{10}\b|<dc:date>[^<]*</dc:date>"  # of Matplotlib's SVG
)


def cells_record(result: NotebookResult, notebook: Mapping[str, Any]) -> CellsRecord:
    """notebook: what was executed, redacted, as nbformat 4. The record's JSON has at most RECORD_BYTES."""
    ran = {cell.position: cell for cell in result.cells}
    room = _Room()
    without_texts = 0
    recorded: list[RecordedCell] = []
    cells = cells_of(notebook)
    for position, cell in enumerate(cells):
        record = _cell(position, cell, ran.get(position), room)
        if not room.take(record, leave=BARE_CELLS_BYTES):
            record = _bare(record)
            if not room.take(record):
                break
            without_texts += 1
        recorded.append(record)
    notes = []
    if without_texts:
        notes.append(f"Of {without_texts:,} cells only digests are recorded.")
    if len(recorded) < len(cells):
        notes.append(f"Only the first {len(recorded):,} of {len(cells):,} cells are recorded.")
    outputs = [output for cell in recorded for output in cell.outputs]
    if unseen := sum(output.kind is OutputKind.IMAGE and not output.image for output in outputs):
        notes.append(f"Of {unseen:,} pictures only digests are recorded.")
    return CellsRecord(run_id=result.run_id, note=" ".join(notes), cells=tuple(recorded))


class _Room:
    """What is left of the record's size."""

    def __init__(self) -> None:
        self._left = RECORD_BYTES - _NOTE_BYTES

    def take(self, record: RecordedCell, leave: int = 0) -> bool:
        """Whether there is room for this cell, which is taken then. leave: bytes for those that follow."""
        size = len(record.model_dump_json(by_alias=True).encode()) + 1
        if size > self._left - leave:
            return False
        self._left -= size
        return True

    def has_for_picture(self, size: int, within: int) -> bool:
        """within: characters of the same cell's other pictures."""
        return within + size <= self._left - PICTURES_LEAVE_BYTES


def _cell(position: int, cell: Mapping[str, Any], ran: CellResult | None, room: _Room) -> RecordedCell:
    source = source_of(cell)
    kind = _kind(cell)
    heading = _HEADING.search(source[:SOURCE]) if kind is CellKind.MARKDOWN else None
    return RecordedCell(
        position=position,
        id=bounded(str(cell.get("id") or ""), NAME),
        kind=kind,
        number=number_of(cell),
        heading=bounded(heading[1].strip(), HEADING) if heading else "",
        source=encodable(source[:SOURCE]),
        cut=max(0, len(source) - SOURCE),
        outcome=ran.outcome if ran else None,
        started_at=ran.started_at if ran else None,
        duration=ran.duration if ran else None,
        outputs=tuple(_outputs(cell, room)) if kind is CellKind.CODE else (),
    )


def _bare(cell: RecordedCell) -> RecordedCell:
    """What is left where there is no room for texts."""
    outputs = [
        output.model_copy(update={"text": "", "cut": output.cut + len(output.text), "image": ""})
        for output in cell.outputs
    ]
    return cell.model_copy(update={"source": "", "cut": cell.cut + len(cell.source), "outputs": tuple(outputs)})


def _kind(cell: Mapping[str, Any]) -> CellKind:
    kinds = {"code": CellKind.CODE, "markdown": CellKind.MARKDOWN}
    return kinds.get(str(cell.get("cell_type")), CellKind.RAW)


def _outputs(cell: Mapping[str, Any], room: _Room) -> Iterator[RecordedOutput]:
    """The first ones; the rest as one, of which only the digest is compared."""
    outputs = list(merged(outputs_of(cell)))
    pictured = 0
    for output in outputs[:OUTPUTS]:
        recorded = _output(output)
        if recorded.image and not room.has_for_picture(len(recorded.image), pictured):
            recorded = recorded.model_copy(update={"image": ""})
        pictured += len(recorded.image)
        yield recorded
    if rest := outputs[OUTPUTS:]:
        digests = "".join(_output(output).digest for output in rest)
        yield RecordedOutput(kind=OutputKind.OTHER, name=f"{len(rest):,} more outputs", digest=_digest(digests))


def _output(output: Mapping[str, Any]) -> RecordedOutput:
    kind = output.get("output_type")
    if kind == "stream":
        text = _steady(str(output.get("text", "")))
        return _text(OutputKind.TEXT, text, name=str(output.get("name", "")), mime="text/plain", digest=_digest(text))
    if kind == "error":
        return _error(output)
    data = output.get("data")
    return _data(data if isinstance(data, Mapping) else {})


def _error(output: Mapping[str, Any]) -> RecordedOutput:
    traceback = output.get("traceback")
    lines = [str(line) for line in traceback] if isinstance(traceback, list) else []
    name, value = str(output.get("ename", "")), str(output.get("evalue", ""))
    text = _steady("\n".join(lines) or f"{name}: {value}")
    digest = _digest(_NUMBER.sub(r"\1[]", f"{name}\n{_steady(value)}\n{text}"))
    return _text(OutputKind.ERROR, text, name=name, digest=digest)


def _data(data: Mapping[str, Any]) -> RecordedOutput:
    """The form in the bundle that says most: a picture, a text, else whatever there is."""
    texts = {str(mime): content for mime, content in data.items() if isinstance(content, str)}
    mime = next((mime for mime in _TEXTS if mime in texts and not is_stand_in(texts[mime], data)), "")
    text = _steady(texts[mime]) if mime else ""
    if picture := next((form for form in (*_PICTURES, _SVG) if form in texts), ""):
        return _picture(picture, texts[picture], text)
    if mime:
        return _text(OutputKind.TEXT, text, mime=mime, digest=_digest(text))
    if texts.get("text/html"):
        return _other("text/html", _without_random_names(texts["text/html"]))
    rest = next((form for form in sorted(map(str, data)) if form != "text/plain"), "text/plain")
    return _other(rest, _as_text(data.get(rest)))


def _picture(mime: str, content: str, text: str) -> RecordedOutput:
    """text: what stands for it where no pictures are shown."""
    if mime == _SVG:
        return _text(OutputKind.IMAGE, text, mime=mime, digest=_digest(_without_random_names(content)))
    content = "".join(content.split())
    shown = content if len(content) <= PICTURE and data_address(mime, content) else ""
    recorded = _text(OutputKind.IMAGE, text, mime=mime, digest=_digest(content))
    return recorded.model_copy(update={"image": shown})


def _text(kind: OutputKind, text: str, *, digest: str, name: str = "", mime: str = "") -> RecordedOutput:
    """What is too long is cut in its middle: how it began and how it ended says most."""
    cut = max(0, len(text) - TEXT)
    shown = f"{text[: TEXT // 2]}\n…\n{text[len(text) - TEXT // 2 :]}" if cut else text
    return RecordedOutput(
        kind=kind, name=bounded(name, NAME), text=encodable(shown), cut=cut, mime=bounded(mime, NAME), digest=digest
    )


def _other(mime: str, content: str) -> RecordedOutput:
    return RecordedOutput(kind=OutputKind.OTHER, mime=bounded(mime, NAME), digest=_digest(content))


def _as_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    try:
        return json.dumps(content, ensure_ascii=False)
    except RecursionError:
        return "(nested too deep)"


def _steady(text: str) -> str:
    """As a person reads it: carriage returns applied, no escapes, no addresses."""
    text = plain(collapse_lines(text))
    text = _ADDRESS.sub(" at 0x…", text) if " at 0x" in text else text
    return _KERNEL_FILE.sub("ipykernel", text) if "ipykernel_" in text else text


def _without_random_names(markup: str) -> str:
    return _RANDOM_NAMES.sub("", markup) if len(markup) <= _STEADIED else markup


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
