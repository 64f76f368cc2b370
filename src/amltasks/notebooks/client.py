"""Kernel messages made into outputs: nbclient's reading of them, with bounded memory and nothing invalid let in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbformat import NotebookNode, ValidationError, from_dict

from amltasks.notebooks.texts import StreamText

KEPT_BYTES_PER_CELL = 100_000_000
KEPT_OUTPUTS_PER_CELL = 20_000
_DEEPEST_JSON = 100
_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, AssertionError, RecursionError, ValidationError)
_JSON = re.compile(r"application/(.*\+)?json$")  # as the notebook format has it
_OUTPUT_TYPES = {"stream", "display_data", "execute_result", "error"}


class OutputClient(NotebookClient):  # type: ignore[misc]
    """Writes what the kernel publishes into the notebook's cells. Starts and ends nothing: `kc` belongs to others.

    show: told of text as it comes, with its stream (`stdout`, `stderr`, `result`). note: told, once a cell, what was
    cut or not understood. Consecutive texts of one stream become one output, in linear time; `settle` must be called
    before a cell's outputs are read. The text of one that is long is a list: blocks of whole lines.
    """

    def __init__(
        self,
        notebook: NotebookNode,
        *,
        show: Callable[[str, str], None],
        note: Callable[[str], None],
        kept_bytes: int = KEPT_BYTES_PER_CELL,
    ) -> None:
        super().__init__(notebook)
        self._show = show
        self._note = note
        self._kept_bytes = kept_bytes
        self._kept: dict[int, int] = {}  # position → bytes of its outputs so far
        self._noted: set[tuple[int, str]] = set()
        self._open: tuple[NotebookNode, StreamText] | None = None  # the stream output being written
        self._number: dict[int, int] = {}

    def begin(self, position: int, number: int) -> None:
        """The cell is about to be executed: its outputs are emptied."""
        self.settle()
        cell = self.nb.cells[position]
        cell["outputs"] = []
        cell["metadata"]["execution"] = {}
        self._kept[position] = 0
        self._number[position] = number
        self.clear_before_next_output = False

    def receive(self, message: dict[str, Any], position: int) -> bool:
        """Takes one iopub message of the cell; True when it says that the cell is done."""
        cell = self.nb.cells[position]
        try:
            if "execution_count" in message["content"]:  # nbclient takes it for the cell as it is
                message["content"]["execution_count"] = _count(message["content"]["execution_count"])
            self.process_message(message, cell, position)
        except CellExecutionComplete:
            return True
        # A kernel can be made to publish anything; what cannot be read must not end the run.
        except _UNREADABLE as error:
            kind = str(message.get("msg_type"))[:40]
            self._note_once(position, f"a message of the kernel ({kind}) was left out: {type(error).__name__}")
        return False

    def settle(self) -> None:
        """Puts what came for the stream output being written into it."""
        if self._open:
            output, text = self._open
            output["text"] = text.settled()

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        if msg["msg_type"] not in _OUTPUT_TYPES:
            return None
        kind = msg["msg_type"]
        hooked = bool(self.output_hook_stack.get(msg["parent_header"].get("msg_id")))
        content = self._bounded(_normal(kind, msg["content"]), len(outs), cell_index, kind)
        if content is None:
            return None
        self._show_content(kind, content)
        msg["content"] = content
        if hooked:
            return super().output(outs, msg, display_id, cell_index)
        if self._extends(outs, msg):
            return None
        self.settle()
        if self.clear_before_next_output:
            outs.clear()
            self.clear_display_id_mapping(cell_index)
            self.clear_before_next_output = False
        if display_id:
            self._display_id_map.setdefault(display_id, {}).setdefault(cell_index, []).append(len(outs))
        # Not by nbformat, which validates each output: that takes longer than all else here, and `_normal` is valid.
        output = from_dict({"output_type": kind, **content})
        outs.append(output)
        if kind == "stream":
            self._begin_stream(output)
        return output

    def clear_output(self, outs: list[NotebookNode], msg: dict[str, Any], cell_index: int) -> None:
        self.settle()
        super().clear_output(outs, msg, cell_index)
        if not outs:
            self._kept[cell_index] = 0

    def _update_display_id(self, display_id: str, msg: dict[str, Any]) -> None:
        if _size(msg["content"]) > self._kept_bytes:
            return
        kind = "execute_result" if msg["msg_type"] == "execute_result" else "display_data"
        msg["content"] = {**_normal(kind, msg["content"]), "transient": msg["content"].get("transient")}
        super()._update_display_id(display_id, msg)

    def _extends(self, outs: list[NotebookNode], msg: dict[str, Any]) -> bool:
        """Adds the text to the cell's last output, if that is of the same stream."""
        if msg["msg_type"] != "stream" or self.clear_before_next_output or not outs:
            return False
        last = outs[-1]
        if last["output_type"] != "stream" or last["name"] != msg["content"]["name"]:
            return False
        if self._open is None or self._open[0] is not last:
            self._begin_stream(last)
        assert self._open is not None
        self._open[1].add(msg["content"]["text"])
        return True

    def _begin_stream(self, output: NotebookNode) -> None:
        self.settle()
        self._open = (output, StreamText(output["text"]))

    def _bounded(self, content: dict[str, Any], outputs: int, position: int, kind: str) -> dict[str, Any] | None:
        """The content as far as it is kept: a text is cut where the cell's share ends, an error always goes in."""
        if self.clear_before_next_output:
            self._kept[position], outputs = 0, 0
        left = self._kept_bytes - self._kept.get(position, 0)
        size = _size(content)
        if outputs >= KEPT_OUTPUTS_PER_CELL and kind != "error":
            self._note_once(position, f"its output was cut after {KEPT_OUTPUTS_PER_CELL:,} outputs")
            return None
        if size > left and kind != "error":
            self._note_once(position, f"its output was cut after {self._kept_bytes / 1e6:,.0f} MB")
            if kind != "stream" or left <= 0:
                return None
            content = {**content, "text": content["text"][:left]}
            size = left
        self._kept[position] = self._kept.get(position, 0) + size
        return content

    def _note_once(self, position: int, what: str) -> None:
        if (position, what) not in self._noted:
            self._noted.add((position, what))
            self._note(f"Cell {self._number.get(position, position + 1)}: {what}.")

    def _show_content(self, kind: str, content: dict[str, Any]) -> None:
        if kind == "stream":
            self._show(content["text"], content["name"])
        elif kind == "error":
            self._show("\n".join(content["traceback"]) + "\n", "stderr")
        else:
            text = content["data"].get("text/plain", "")
            self._show(("".join(text) if isinstance(text, list) else text) + "\n", "result")


def _normal(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """The content as nbformat wants it: text where text must be, JSON that can be written."""
    if kind == "stream":
        return {"name": str(content["name"]), "text": str(content["text"])}
    if kind == "error":
        traceback = content.get("traceback", ())
        lines = [str(line) for line in traceback] if isinstance(traceback, (list, tuple)) else [str(traceback)]
        return {"ename": str(content.get("ename")), "evalue": str(content.get("evalue")), "traceback": lines}
    data, metadata = content["data"], content.get("metadata")
    normal: dict[str, Any] = {
        "data": {str(mime): _bundle_value(str(mime), value) for mime, value in data.items()},
        "metadata": metadata if isinstance(metadata, dict) and _writable(metadata) else {},
    }
    if kind == "execute_result":
        normal["execution_count"] = _count(content.get("execution_count"))
    return normal


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _bundle_value(mime: str, value: Any) -> Any:
    if _JSON.match(mime):
        return value if _writable(value) else "(left out: not JSON, or nested too deeply)"
    if isinstance(value, str) or (isinstance(value, list) and all(isinstance(line, str) for line in value)):
        return value
    return str(value) if isinstance(value, (int, float, bool)) else "(left out: not text)"


def _writable(value: Any) -> bool:
    """Whether a value is JSON that every reader takes: no NaN, not nested beyond reason."""
    level, depth = [value], 0
    while level:
        if (depth := depth + 1) > _DEEPEST_JSON:
            return False
        level = [
            child
            for parent in level
            if isinstance(parent, (dict, list))
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, TypeError):
        return False
    return True


def _size(value: Any) -> int:
    """Characters of all text in a message's content, about the bytes that it takes."""
    total, left = 0, [value]
    while left:
        part = left.pop()
        if isinstance(part, str):
            total += len(part)
        elif isinstance(part, dict):
            left.extend(part.values())
        elif isinstance(part, (list, tuple)):
            left.extend(part)
        else:
            total += 8
    return total
