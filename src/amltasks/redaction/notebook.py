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


def is_clean(redactor: Redactor, notebook: NotebookNode) -> bool:
    """Whether there is nothing to take out: a few searches of all the text, instead of one of every piece of it."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    if not all(redactor.is_clean(_joined([_text(slot) for slot in slots])) for slots in _read_together(outputs)):
        return False
    rest: list[Any] = [notebook.metadata]
    bundles = [output.get("data") for output in outputs]
    for cell in notebook.cells:
        attachments = cell.get("attachments", {})
        rest += [cell.get("source"), cell.get("metadata"), list(attachments)]
        bundles += attachments.values()
    for output in outputs:
        rest += [_joined(output[key]) for key in ("ename", "evalue") if key in output]
        rest += [output.get("traceback"), output.get("metadata")]
    for bundle in bundles:
        for mime, content in bundle.items() if isinstance(bundle, dict) else [("", bundle)]:
            binary = _binary(mime, content)
            if binary is not None and redacted_image(redactor, binary)[1]:
                return False
            rest += [mime, content if binary is None else None]
    return redactor.is_clean(rest)


def redact_notebook(redactor: Redactor, notebook: NotebookNode) -> None:
    """Redacts in place. What was a valid notebook is one afterwards."""
    for slots in _read_together([output for cell in notebook.cells for output in cell.get("outputs", [])]):
        _redact_joined(redactor, slots)
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


def _read_together(outputs: list[Any]) -> Iterator[list[_Slot]]:
    """Texts that a reader sees in one go: all of them, and those of one stream where others stand between."""
    slots = [slot for output in outputs for slot in _slots(output)]
    yield slots
    if len({slot.stream for slot in slots}) > 1:
        for stream in ("stdout", "stderr"):
            yield [slot for slot in slots if slot.stream == stream]


def _slots(output: Any) -> Iterator[_Slot]:
    if output.get("output_type") == "stream":
        yield _Slot(output, "text", str(output.get("name", "")))
    elif isinstance(output.get("data"), dict) and "text/plain" in output["data"]:
        yield _Slot(output["data"], "text/plain", "")


def _redact_joined(redactor: Redactor, slots: list[_Slot]) -> None:
    """Secrets that run over the borders of outputs and cells."""
    texts = [_text(slot) for slot in slots]
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
    binary = _binary(mime, content)
    if binary is None:
        return redactor.value(content)
    redacted, names = redacted_image(redactor, binary)
    return base64.b64encode(redacted).decode("ascii") if names else content


def _binary(mime: str, content: Any) -> bytes | None:
    """The bytes of a picture, a sound or the like in base64; None for anything else."""
    if not mime.startswith(("image/", "audio/", "video/", "application/pdf")):
        return None
    try:
        data = base64.b64decode("".join(_joined(content).split()), validate=True)
    except (binascii.Error, TypeError, ValueError):
        return None
    return data


def _text(slot: _Slot) -> str:
    return _joined(slot.holder[slot.key])


def _joined(text: Any) -> str:
    return "".join(text) if isinstance(text, list) else text


def _node(value: Any) -> Any:
    from nbformat import from_dict

    return from_dict(value)
