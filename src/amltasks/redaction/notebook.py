"""Redaction of a whole notebook, output by output and across them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amltasks.redaction.images import redacted_image

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from amltasks.redaction.redactor import Redactor


@dataclass(frozen=True)
class _Slot:
    """A place in an output that holds text which a reader sees in one go with its neighbours'."""

    holder: Any
    key: str
    stream: str


def redact_notebook(redactor: Redactor, notebook: NotebookNode) -> None:
    """Redacts in place. What was a valid notebook is one afterwards."""
    slots = [slot for cell in notebook.cells for output in cell.get("outputs", []) for slot in _slots(output)]
    _redact_joined(redactor, slots)
    if len({slot.stream for slot in slots}) > 1:
        for stream in ("stdout", "stderr"):
            _redact_joined(redactor, [slot for slot in slots if slot.stream == stream])
    for cell in notebook.cells:
        for key in ("source", "metadata"):
            if key in cell:
                cell[key] = _node(redactor.value(cell[key]))
        for output in cell.get("outputs", []):
            _redact_output(redactor, output)
        if "attachments" in cell:
            attachments = {redactor.text(name): _bundle(redactor, data) for name, data in cell["attachments"].items()}
            cell["attachments"] = _node(attachments)
    notebook["metadata"] = _node(redactor.value(notebook.metadata))


def _slots(output: Any) -> Iterator[_Slot]:
    if output.get("output_type") == "stream":
        yield _Slot(output, "text", str(output.get("name", "")))
    elif isinstance(output.get("data"), dict) and "text/plain" in output["data"]:
        yield _Slot(output["data"], "text/plain", "")


def _redact_joined(redactor: Redactor, slots: list[_Slot]) -> None:
    """Secrets that run over the borders of outputs and cells."""
    texts = [_joined(slot.holder[slot.key]) for slot in slots]
    for slot, text, redacted in zip(slots, texts, redactor.segments(texts), strict=True):
        if redacted != text:
            slot.holder[slot.key] = redacted


def _redact_output(redactor: Redactor, output: Any) -> None:
    for key in ("ename", "evalue"):
        if key in output:
            output[key] = redactor.text(_joined(output[key]))
    if "traceback" in output:
        output["traceback"] = redactor.value(output["traceback"])
    if "metadata" in output:
        output["metadata"] = _node(redactor.value(output["metadata"]))
    if isinstance(output.get("data"), dict):
        output["data"] = _node(_bundle(redactor, output["data"]))


def _bundle(redactor: Redactor, data: Any) -> Any:
    """A MIME bundle."""
    if not isinstance(data, dict):
        return redactor.value(data)
    return {redactor.text(mime): _content(redactor, mime, content) for mime, content in data.items()}


def _content(redactor: Redactor, mime: str, content: Any) -> Any:
    binary = _binary(content) if mime.startswith(("image/", "audio/", "video/", "application/pdf")) else None
    if binary is None:
        return redactor.value(content)
    redacted, names = redacted_image(redactor, binary)
    return base64.b64encode(redacted).decode("ascii") if names else content


def _binary(content: Any) -> bytes | None:
    """The bytes of base64, None for anything else."""
    try:
        data = base64.b64decode("".join(_joined(content).split()), validate=True)
    except (binascii.Error, TypeError, ValueError):
        return None
    return data


def _joined(text: Any) -> str:
    return "".join(text) if isinstance(text, list) else text


def _node(value: Any) -> Any:
    from nbformat import from_dict

    return from_dict(value)
