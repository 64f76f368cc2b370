"""Markdown and maths of notebooks."""

from __future__ import annotations

import time

import pytest

from amltasks.report.maths import mathml
from amltasks.report.prose import LONGEST, latex_html, markdown_html
from tests.unit.report.test_sanitiser import PNG


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("# Title", '<h1 id="Title">Title</h1>'),
        ("a **bold** word", "<strong>bold</strong>"),
        ("| a |\n|---|\n| 1 |", "<td>1</td>"),
        ("- [x] done", "☑ done"),
        ("```python\nx = 1\n```", '<span class="mi">1</span>'),
        ("$x^2$", "<msup><mi>x</mi><mn>2</mn></msup>"),
        ("$$\\frac{1}{2}$$", '<math display="block">'),
        ("\\begin{align}a &= b\\end{align}", "<mtable"),
        ("<b>bold</b>", "<b>bold</b>"),
        ("`{{ secret }}`", "<code>{{ secret }}</code>"),
    ],
)
def test_jupyters_markdown_is_understood(markdown: str, expected: str) -> None:
    assert expected in markdown_html(markdown)


def test_images_of_a_cell_are_shown() -> None:
    """Attached ones, and those written into the text, however long it becomes."""
    attached = markdown_html("![a plot](attachment:my%20plot.png)", {"my plot.png": {"image/png": PNG}})
    written = markdown_html(f"![big](data:image/png;base64,{PNG}{'AAAA' * 20_000})")

    assert f'src="data:image/png;base64,{PNG}"' in attached
    assert 'src="data:image/png;base64,' in written


@pytest.mark.parametrize("name", ["../../../etc/passwd", 'a" onerror="x', "gone.png"])
def test_a_missing_attachment_is_its_description(name: str) -> None:
    assert "<img" not in markdown_html(f"![a plot](attachment:{name})")


@pytest.mark.parametrize(
    "source",
    ["\\begin{a}" * 20_000, "$" * 100_000, "> " * 50_000, "[" * 100_000, "<b>" * 40_000, "![a](" * 20_000],
    ids=["begin", "dollar", "quote", "bracket", "tag", "image"],
)
def test_markdown_made_to_take_forever_takes_seconds(source: str) -> None:
    begun = time.process_time()

    markdown_html(source)
    markdown_html(source[:LONGEST])

    assert time.process_time() - begun < 8


@pytest.mark.parametrize(
    "tex", ["\\unknowncommand{x}", "\\input{/etc/passwd}", "\\left( x", "\\sqrt" * 900, "x" * 5000]
)
def test_maths_that_cannot_be_converted_is_shown_as_its_source(tex: str) -> None:
    converted = mathml(tex, block=False)

    assert converted == f'<code class="tex">${tex}$</code>'


def test_links_in_maths_do_not_survive() -> None:
    assert "javascript" not in markdown_html("$\\href{javascript:alert(1)}{x}$")


@pytest.mark.parametrize(
    "tex", ["$$ a = b $$", "$\\displaystyle a = b$", "\\[a = b\\]", "\\begin{equation}a = b\\end{equation}"]
)
def test_latex_that_a_cell_displays_is_maths(tex: str) -> None:
    html = latex_html(tex)

    assert html.startswith("<math")
    assert "<mo>=</mo>" in html


def test_latex_with_text_around_it_keeps_both() -> None:
    html = latex_html("sum <b> $x$ end")

    assert "sum &lt;b&gt;" in html
    assert "<math" in html
