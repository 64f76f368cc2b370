"""The parts that need no kernel: titles, text, verdict, outputs, journal, the wire."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from amltasks.notebooks.cells import one_line, titles
from amltasks.notebooks.client import OutputClient
from amltasks.notebooks.console import Console
from amltasks.notebooks.records import CellEnding, CellRecord, EndingReason, RunEnding
from amltasks.notebooks.saving import NotebookSaver, recover
from amltasks.notebooks.texts import StreamText
from amltasks.notebooks.tracebacks import collapse, collapse_lines, plain, shorten
from amltasks.notebooks.verdict import judge
from amltasks.notebooks.wire import Decoder, Told, line
from amltasks.platforms.base import Note, RunEvent
from amltasks.redaction import Redactor
from amltasks.report.model import CellError, CellOutcome, KernelDeath, Outcome

NOW = datetime(2026, 11, 21, tzinfo=timezone.utc)


def record(position: int, ending: CellEnding = CellEnding.OK, error: CellError | None = None) -> CellRecord:
    return CellRecord(position=position, ending=ending, error=error, started_at=NOW, duration=1.0)


class TestTitles:
    def test_nearest_heading_and_first_line_of_code(self) -> None:
        notebook = new_notebook(
            cells=[
                new_markdown_cell("# One\ntext\n## **Two** [link](x)"),
                new_code_cell("# comment\n\nx = 1"),
                new_markdown_cell("no heading"),
                new_code_cell("y = 2"),
            ]
        )

        assert titles(notebook) == {1: "Two link: x = 1", 3: "Two link: y = 2"}

    @given(st.text(), st.text())
    def test_are_one_short_line_whatever_the_cells_hold(self, markdown: str, source: str) -> None:
        notebook = NotebookNode(cells=[new_markdown_cell("# " + markdown), new_code_cell(source)])

        (title,) = titles(notebook).values()

        assert 0 < len(title) <= 100
        assert title.isprintable()

    def test_a_megabyte_of_heading_is_no_matter(self) -> None:
        start = time.process_time()
        notebook = new_notebook(cells=[new_markdown_cell("# " + "[<*" * 400_000), new_code_cell("x" * 1_000_000)])

        assert len(titles(notebook)[1]) <= 100
        assert time.process_time() - start < 10


class TestText:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("\x1b[31mred\x1b[0m", "red"),
            ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("\x1b]0;title\x07shown", "shown"),
            ("bell\x07 null\x00 tab\t", "bell null tab\t"),
            ("\x9b31m", "31m"),
        ],
    )
    def test_terminal_escapes_go(self, text: str, expected: str) -> None:
        assert plain(text) == expected

    @given(st.text())
    def test_nothing_that_a_terminal_would_obey_stays(self, text: str) -> None:
        assert not set(plain(text)) & {"\x1b", "\x07", "\x00", "\x08", "\x9b"}

    @pytest.mark.parametrize(
        ("line_", "expected"), [("10%\r20%", "20%"), ("10%\r20%\r", "20%"), ("text\r", "text"), ("text", "text")]
    )
    def test_a_carriage_return_overwrites(self, line_: str, expected: str) -> None:
        assert collapse(line_) == expected

    def test_a_last_carriage_return_waits_for_what_comes(self) -> None:
        assert collapse_lines("a\r\n1\r2\r") == "a\n2\r"

    @given(st.lists(st.text("ab\r\n", max_size=6)), st.integers(1, 8))
    def test_a_stream_is_the_same_however_it_was_cut(self, chunks: list[str], block: int) -> None:
        """In chunks by the kernel, in blocks by us; also where it was looked at meanwhile."""
        text, looked_at = StreamText("", block), StreamText("", block)
        for chunk in chunks:
            text.add(chunk)
            looked_at.add(chunk)
            looked_at.settled()

        settled = text.settled()

        assert "".join(settled) == "".join(looked_at.settled()) == collapse_lines("".join(chunks))
        assert isinstance(settled, str) or all(piece.endswith("\n") for piece in settled[:-1])

    def test_an_endless_line_is_collapsed_in_linear_time(self) -> None:
        start = time.process_time()

        assert collapse_lines("y" * 20_000_000 + "\rz") == "z"
        assert time.process_time() - start < 10

    def test_a_long_traceback_keeps_its_beginning_and_more_of_its_end(self) -> None:
        cut = shorten("\n".join(f"line {number}" for number in range(3000)))

        assert cut.startswith("line 0\n")
        assert cut.endswith("line 2999")
        assert "2880 lines left out" in cut

    @given(st.text(), st.integers(2, 50))
    def test_one_line_is_one_line(self, text: str, length: int) -> None:
        assert len(one_line(text, length)) <= length
        assert one_line(text, length).isprintable()


class TestVerdict:
    cells = (
        new_markdown_cell("# Train"),
        new_code_cell("fit()"),
        new_code_cell("# just a comment"),
        new_code_cell("x"),
    )

    def judged(self, *records: CellRecord, **ending: Any) -> Any:
        return judge(new_notebook(cells=list(self.cells)), [0, 1, 2, 3], records, RunEnding(**ending))

    def test_a_kernel_that_ran_out_of_memory_is_said_with_its_evidence(self) -> None:
        death = KernelDeath(signal="SIGKILL", peak_memory=7 << 30, out_of_memory="oom_kill was counted")

        verdict = self.judged(record(1, CellEnding.DIED), reason=EndingReason.DIED, death=death)

        assert verdict.outcome is Outcome.KERNEL_DIED
        assert verdict.message == (
            'The kernel died in cell 1 "Train: fit()": SIGKILL; out of memory: oom_kill was counted; '
            "it had used up to 7.0 GiB."
        )
        assert [cell.outcome for cell in verdict.cells] == [
            CellOutcome.KERNEL_DIED,
            CellOutcome.NOT_EXECUTED,
            CellOutcome.NOT_EXECUTED,
        ]

    def test_a_time_out_says_how_long_was_allowed(self) -> None:
        verdict = self.judged(record(1, CellEnding.TIMED_OUT), reason=EndingReason.CELL_TIMEOUT, limit=1200.0)

        assert verdict.message == 'Cell 1 "Train: fit()" took longer than the cell time-out of 20 minutes.'

    @pytest.mark.parametrize(("value", "outcome"), [("0", "endedEarly"), ("", "endedEarly"), ("3", "failed")])
    def test_sys_exit_passes_or_fails_by_its_code(self, value: str, outcome: str) -> None:
        error = CellError(name="SystemExit", value=value)
        reason = EndingReason.EXITED if outcome == "endedEarly" else EndingReason.FAILED

        verdict = self.judged(record(1, CellEnding.ERROR, error), reason=reason)

        assert verdict.cells[0].outcome.value == outcome
        assert verdict.outcome is (Outcome.PASSED if outcome == "endedEarly" else Outcome.FAILED)

    @given(st.text(), st.text(), st.text())
    def test_any_error_makes_one_printable_sentence(self, name: str, value: str, traceback: str) -> None:
        error = CellError(name=name, value=value, traceback=traceback)

        verdict = self.judged(record(1, CellEnding.ERROR, error), reason=EndingReason.FAILED)

        assert verdict.message.isprintable()
        assert 0 < len(verdict.message) <= 600


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 5) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
MIMES = st.sampled_from(["text/plain", "image/png", "application/json", "application/x+json", "x/y+json", "json", ""])


def message(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    header = {"msg_type": kind, "msg_id": "1"}
    return {"msg_type": kind, "header": header, "parent_header": {"msg_id": "cell"}, "content": content}


class TestOutputs:
    """What the kernel publishes, as outputs of a cell."""

    @pytest.fixture
    def cell(self) -> NotebookNode:
        cell = new_code_cell("x")
        cell["metadata"]["execution"] = {}
        return cell

    def client(self, cell: NotebookNode, notes: list[str], kept: int = 1000) -> OutputClient:
        notebook = new_notebook(cells=[cell])
        client = OutputClient(notebook, show=lambda text, stream: None, note=notes.append, kept_bytes=kept)
        client.begin(0, 1)
        return client

    def test_texts_of_one_stream_become_one_output(self, cell: NotebookNode) -> None:
        client = self.client(cell, [])

        for text in ("a", "b\n", "1\r", "2"):
            client.receive(message("stream", {"name": "stdout", "text": text}), 0)
            client.settle()

        assert [(out.name, out.text) for out in cell.outputs] == [("stdout", "ab\n2")]

    def test_text_is_cut_where_the_cells_share_ends_and_errors_still_arrive(self, cell: NotebookNode) -> None:
        notes: list[str] = []
        client = self.client(cell, notes, kept=10)

        client.receive(message("stream", {"name": "stdout", "text": "x" * 25}), 0)
        client.receive(message("display_data", {"data": {"text/plain": "lost"}}), 0)
        client.receive(message("error", {"ename": "E", "evalue": "v", "traceback": []}), 0)
        client.settle()

        assert [out.output_type for out in cell.outputs] == ["stream", "error"]
        assert len(cell.outputs[0].text) < 25
        assert len(notes) == 1

    @pytest.mark.parametrize(
        "content",
        [
            {"data": {"text/plain": 5, "image/png": None, "application/json": {"x": float("nan")}}, "metadata": 7},
            {"data": {"text/html": {"a": 1}, "x/y": [1, 2]}, "metadata": {"deep": float("inf")}},
            {"data": {"x/y+json": {"a": 1}}},
            {"data": "no bundle"},
            {},
        ],
    )
    def test_what_is_no_valid_output_never_makes_an_invalid_notebook(
        self, content: dict[str, Any], cell: NotebookNode
    ) -> None:
        client = self.client(cell, [])

        client.receive(message("display_data", content), 0)
        client.receive(message("no_such_type", content), 0)
        client.settle()

        nbformat.validate(client.nb)
        json.dumps(client.nb, allow_nan=False)

    @given(
        kind=st.sampled_from(["stream", "error", "display_data", "execute_result", "update_display_data"]),
        content=st.fixed_dictionaries(
            {},
            optional={
                "data": st.dictionaries(MIMES, ANYTHING, max_size=3) | ANYTHING,
                "metadata": ANYTHING,
                "transient": st.just({"display_id": "d"}) | ANYTHING,
                "name": ANYTHING,
                "text": ANYTHING,
                "ename": ANYTHING,
                "evalue": ANYTHING,
                "traceback": ANYTHING,
            },
        ),
        count=ANYTHING,
    )
    def test_whatever_a_kernel_sends_the_notebook_is_valid(
        self, kind: str, content: dict[str, Any], count: Any
    ) -> None:
        client = self.client(new_code_cell("x", metadata={"execution": {}}), [])

        for _ in range(2):
            sent = {**content, "execution_count": count} if kind == "execute_result" else dict(content)
            client.receive(message(kind, sent), 0)
        client.settle()

        nbformat.validate(client.nb)


class TestSaving:
    def test_journal_and_snapshot_give_back_all_finished_cells_and_no_secret(self, tmp_path: Path) -> None:
        notebook = new_notebook(cells=[new_code_cell("a"), new_code_cell("b")])
        saver = NotebookSaver(notebook, [0, 1], tmp_path, Redactor({"key": "s3cr3t-value"}))
        notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="s3cr3t-value and \ud83d")]
        saver.cell_done(record(0))
        with (tmp_path / "executed.journal").open("ab") as journal:
            journal.write(b'{"cell": {"torn')

        recovered = recover(tmp_path)

        assert recovered is not None
        assert recovered.records == (record(0),)
        assert recovered.notebook.cells[0].outputs[0].text == "*** and \ud83d"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["executed.ipynb"]

    def test_a_reader_never_meets_half_a_file_and_links_are_not_followed(self, tmp_path: Path) -> None:
        victim = tmp_path / "victim"
        victim.write_text("mine")
        folder = tmp_path / "run"
        folder.mkdir()
        (folder / ".executed.ipynb.part").symlink_to(victim)
        (folder / "executed.ipynb").symlink_to(victim)

        NotebookSaver(new_notebook(), [], folder, Redactor({}))

        assert victim.read_text() == "mine"
        assert not (folder / "executed.ipynb").is_symlink()

    def test_a_thousand_cells_are_saved_in_linear_time(self, tmp_path: Path) -> None:
        """Rewriting the notebook after every cell would write 500 times as much."""
        notebook = new_notebook(cells=[new_code_cell(f"{number}") for number in range(1000)])
        saver = NotebookSaver(notebook, list(range(1000)), tmp_path, Redactor({}))
        start = time.process_time()

        for number in range(1000):
            notebook.cells[number].outputs = [nbformat.v4.new_output("stream", text="x" * 2000)]
            saver.cell_done(record(number))

        assert time.process_time() - start < 20
        assert (tmp_path / "executed.journal").stat().st_size < 4_000_000


class TestConsole:
    def test_a_flood_is_whole_in_the_log_and_bounded_in_events(self, tmp_path: Path) -> None:
        events: list[RunEvent] = []
        console = Console(tmp_path / "console.log", Redactor({"key": "s3cr3t-value"}), events.append)

        console.write("".join(f"line {number}\n" for number in range(50_000)))
        console.write("s3cr3t-")
        console.write("value\n" + "y" * 10_000)
        console.close()

        log = (tmp_path / "console.log").read_text()
        assert log.count("\n") == 50_002
        assert "***" in log
        assert "s3cr3t" not in log + repr(events)
        assert sum(len(event.text.split("\n")) for event in events if event.kind == "outputText") < 1_000
        assert "lines are not shown here" in repr(events)


class TestWire:
    """The worker's lines among whatever the notebook writes into the same pipe."""

    @given(st.lists(st.one_of(st.binary(max_size=20), st.just(None)), max_size=8), st.integers(1, 7))
    def test_every_message_arrives_whatever_stands_between(self, pieces: list[bytes | None], size: int) -> None:
        told = Told(event=Note(text="told"))
        data = b"".join(line("n0nce", told) if piece is None else piece for piece in pieces) + b"\n"
        decoder, found = Decoder("n0nce"), []

        for start in range(0, len(data), size):
            found += decoder.feed(data[start : start + size])

        assert [one for one in found if not isinstance(one, str)] == [told] * pieces.count(None)

    def test_a_message_with_another_nonce_is_text(self) -> None:
        forged = line("guess", Told(event=Note(text="forged")))

        assert [type(one) for one in Decoder("n0nce").feed(forged)] == [str]
