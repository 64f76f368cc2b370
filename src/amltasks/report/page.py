"""The HTML page of one result: what failed first, then every cell. No script, no address, no second file.

The notebook's text is never a template: Jinja escapes it, or `outputs` and `prose` have made it harmless.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from amltasks.report.executed import (
    cells_of,
    environment_of,
    language_of,
    line_in_cell,
    number_of,
    outputs_of,
    source_of,
)
from amltasks.report.highlighting import source_html
from amltasks.report.memory_plot import memory_plot
from amltasks.report.model import ArtefactKind, CellOutcome, CellResult, KernelDeath, NotebookResult, Outcome
from amltasks.report.outline import outline_of
from amltasks.report.outputs import Outputs
from amltasks.report.wording import CELL_OUTCOMES, duration_words, outcome_words
from amltasks.sizes import size_words

SOURCE_LIMIT = 64_000  # characters of one cell's source
VALUE_LIMIT = 2_000  # characters of a parameter, a scrap, an error's value


@dataclass(frozen=True)
class CellView:
    """One cell as the page shows it. number: `[3]`, or empty. state: a CellOutcome's value, empty for prose."""

    anchor: str
    kind: str
    number: str
    title: str
    state: str
    words: str
    duration: str
    source: Markup
    outputs: Markup
    dimmed: bool


def render_page(result: NotebookResult, notebook: Mapping[str, Any] | None) -> str:
    """The whole page. notebook: what was executed, as nbformat 4; None where there is none."""
    file_name = next((a.name for a in result.artefacts if a.kind is ArtefactKind.NOTEBOOK), "")
    outputs = Outputs(whole=file_name)
    cells = cells_of(notebook or {})
    language = language_of(notebook or {})
    failing = result.failing_cell
    failing_view = _failing(failing, cells, language, outputs) if failing else None
    views = list(_views(cells, result, language, outputs))
    return _TEMPLATES.get_template("page.html").render(
        result=result,
        outcome=outcome_words(result),
        tone=_tone(result),
        duration=duration_words(result.duration),
        counts=_counts(result),
        environment=environment_of(notebook or {}),
        parameters=[(name, _value(value)) for name, value in result.parameters.items()],
        scraps=[(name, _value(value)) for name, value in result.scraps.items()],
        death=_death(result.kernel_death),
        memory=memory_plot(result.kernel_death.memory if result.kernel_death else None),
        last_output=outputs.text(result.kernel_death.last_output, "stdout") if result.kernel_death else "",
        failing=failing_view,
        error_name=failing.error.name[:VALUE_LIMIT] if failing and failing.error else "",
        error_value=failing.error.value[:VALUE_LIMIT] if failing and failing.error else "",
        cells=views,
        outline=[(heading, duration_words(heading.duration)) for heading in outline_of(cells, result)],
    )


def _views(
    cells: list[Mapping[str, Any]], result: NotebookResult, language: str, outputs: Outputs
) -> Iterator[CellView]:
    results = {cell.position: cell for cell in result.cells}
    for position, cell in enumerate(cells):
        anchor = f"cell-{position}"
        if cell.get("cell_type") == "markdown":
            html = outputs.markdown(source_of(cell), cell.get("attachments"), f"{anchor}-")
            yield CellView(anchor, "markdown", "", "", "", "", "", Markup(""), html, dimmed=False)
        elif cell.get("cell_type") == "code":
            yield _code(anchor, cell, results.get(position), result, language, outputs)
        else:
            source = outputs.text(source_of(cell), "raw")
            yield CellView(anchor, "raw", "", "", "", "", "", Markup(""), source, dimmed=False)


def _code(
    anchor: str,
    cell: Mapping[str, Any],
    ran: CellResult | None,
    result: NotebookResult,
    language: str,
    outputs: Outputs,
) -> CellView:
    state = ran.outcome if ran else CellOutcome.SKIPPED
    shown_above = ran is not None and ran is result.failing_cell
    return CellView(
        anchor=anchor,
        kind="failing" if shown_above else "code",
        number=number_of(cell),
        title=ran.title if ran else "",
        state=state.value,
        words="" if state is CellOutcome.PASSED else CELL_OUTCOMES[state],
        duration=duration_words(ran.duration) if ran else "",
        source=_shown_source(source_of(cell), language),
        outputs=Markup("") if shown_above else outputs.render(outputs_of(cell), f"{anchor}-"),
        dimmed=state in {CellOutcome.SKIPPED, CellOutcome.NOT_EXECUTED},
    )


def _failing(ran: CellResult, cells: list[Mapping[str, Any]], language: str, outputs: Outputs) -> CellView:
    """The cell that decided the outcome: with the line that raised marked, and its traceback before what it printed."""
    cell: Mapping[str, Any] = cells[ran.position] if ran.position < len(cells) else {}
    stored = outputs_of(cell)
    errors = [output for output in stored if output.get("output_type") == "error"]
    traceback = ran.error.traceback if ran.error else ""
    shown = outputs.render(errors, "failing-") if errors else Markup("")
    if not errors and traceback:
        shown = outputs.text(traceback, "traceback")
    return CellView(
        anchor=f"cell-{ran.position}",
        kind="failing",
        number=number_of(cell),
        title=ran.title,
        state=ran.outcome.value,
        words=CELL_OUTCOMES[ran.outcome],
        duration=duration_words(ran.duration),
        source=_shown_source(source_of(cell) or ran.source, language, line_in_cell(traceback)),
        outputs=shown + outputs.render([output for output in stored if output not in errors], "failing-"),
        dimmed=False,
    )


def _shown_source(source: str, language: str, marked_line: int | None = None) -> Markup:
    if len(source) <= SOURCE_LIMIT:
        return source_html(source, language, marked_line)
    return source_html(source[:SOURCE_LIMIT] + "\n[…]", language, marked_line)


def _counts(result: NotebookResult) -> str:
    """`12 cells: 8 passed, 1 failed, 3 not executed`."""
    counts: dict[CellOutcome, int] = {}
    for cell in result.cells:
        counts[cell.outcome] = counts.get(cell.outcome, 0) + 1
    parts = [f"{counts[outcome]} {CELL_OUTCOMES[outcome]}" for outcome in CellOutcome if outcome in counts]
    cells = "1 code cell" if len(result.cells) == 1 else f"{len(result.cells)} code cells"
    return f"{cells}: {', '.join(parts)}" if parts else ""


def _death(death: KernelDeath | None) -> list[tuple[str, str]]:
    if death is None:
        return []
    facts = (
        ("Signal", death.signal or ""),
        ("Exit code", "" if death.exit_code is None else str(death.exit_code)),
        ("Peak memory", "" if death.peak_memory is None else size_words(death.peak_memory)),
        ("Out of memory", death.out_of_memory or ""),
    )
    return [(name, value) for name, value in facts if value]


def _tone(result: NotebookResult) -> str:
    """good, bad, or idle: neither, because it did not come to an end."""
    if result.ok:
        return "good"
    return "idle" if result.outcome in {Outcome.CANCELLED, Outcome.NOT_RUN} else "bad"


def _value(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= VALUE_LIMIT else text[:VALUE_LIMIT] + "…"


_TEMPLATES = Environment(
    loader=PackageLoader("amltasks.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
