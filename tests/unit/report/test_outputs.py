"""What a page shows of a cell's outputs."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest

from amltasks.report import outputs
from amltasks.report.highlighting import source_html, terminal_html
from amltasks.report.outputs import Outputs
from amltasks.report.styled_tables import with_inline_styles
from tests.unit.report.test_sanitiser import PNG


def shown(*bundle: dict[str, Any]) -> str:
    return Outputs(whole="executed.ipynb").render(list(bundle))


def data(**forms: Any) -> dict[str, Any]:
    named = {name.replace("__", "+").replace("_", "/", 1): content for name, content in forms.items()}
    return {"output_type": "display_data", "data": named, "metadata": {}}


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def test_streams_are_text_and_stderr_is_marked() -> None:
    assert shown(stream("a <b>\n")) == '<pre class="text stdout">a &lt;b&gt;\n</pre>'
    assert '<pre class="text stderr">' in shown(stream("warning", "stderr"))


def test_pieces_of_one_stream_are_one_output() -> None:
    """Ten thousand prints are one text, not ten thousand boxes."""
    assert shown(*[stream("x") for _ in range(10_000)]).count("<pre") == 1


def test_terminal_colours_become_classes_and_progress_bars_their_last_state() -> None:
    assert terminal_html("\x1b[31mred\x1b[0m") == '<span class="ansi-red-fg">red</span>'
    assert terminal_html(" 10%\r 50%\r100%\ndone") == "100%\ndone"
    assert terminal_html("\x1b]8;;javascript:x\x1b\\link\x1b]8;;\x1b\\\x1b[2K\x00") == "link"


def test_long_text_is_folded_and_very_long_text_is_cut_in_its_middle() -> None:
    text = shown(stream("".join(f"line {number}\n" for number in range(20_000))))

    assert "<details>" in text
    assert "line 0\n" in text
    assert "line 19999\n" in text
    assert "line 10000\n" not in text
    assert "characters were cut out of the middle. It is in <b>executed.ipynb</b>" in text
    assert len(text) < outputs.TEXT_LIMIT * 1.1


def test_of_a_folded_text_the_beginning_and_the_end_are_seen() -> None:
    """A log's first lines say what ran, its last ones how it ended; the rest is a click away."""
    text = shown(stream("".join(f"line {number}\n" for number in range(100))))

    seen, _, rest = text.partition("<details>")
    middle, _, end = rest.partition("</details>")
    assert "line 11</pre>" in seen
    assert "line 12" not in seen
    assert "<summary>76 more lines of stdout</summary>" in middle
    assert "line 87" in middle
    assert "line 88\n" in end
    assert "line 99\n" in end


def test_a_figure_is_enlarged_without_a_script() -> None:
    html = shown(data(image_png=PNG))

    assert html.startswith('<details class="zoom"><summary title="Enlarge, or back"><img class="figure"')


@pytest.mark.parametrize(
    ("bundle", "expected"),
    [
        (data(text_html="<table><tr><td>1</td></tr></table>", text_plain="1"), "<td>1</td>"),
        (data(text_markdown="**bold**", text_plain="x"), "<strong>bold</strong>"),
        (data(text_latex="$x$", text_plain="x"), "<math"),
        (
            data(image_png=PNG, text_plain="<Figure size 640x480>"),
            f'<img class="figure" src="data:image/png;base64,{PNG}"',
        ),
        (data(application_json={"a": [1]}, text_plain="<IPython.core.display.JSON object>"), "&#34;a&#34;: ["),
        (data(text_plain="<b>repr</b>"), "&lt;b&gt;repr&lt;/b&gt;"),
    ],
)
def test_the_richest_form_is_shown(bundle: dict[str, Any], expected: str) -> None:
    assert expected in shown(bundle)


def test_svg_is_an_image_in_which_nothing_runs() -> None:
    html = shown(data(image_svg__xml="<svg onload='alert(1)'><script>x</script></svg>"))

    encoded = html.partition("base64,")[2].partition('"')[0]
    assert '<img class="figure" src="data:image/svg+xml;base64,' in html
    assert "<svg" in base64.b64decode(encoded).decode()


@pytest.mark.parametrize(
    ("bundle", "what"),
    [
        ({"application/vnd.jupyter.widget-view+json": {}, "text/plain": "IntSlider(value=3)"}, "An interactive widget"),
        ({"application/vnd.plotly.v1+json": {}, "text/html": "<div></div><script>p()</script>"}, "Plotly"),
        ({"application/vnd.vega.v5+json": {}}, "Vega"),
        ({"text/html": "<div id=b></div><script>bokeh()</script>"}, "An interactive output"),
        (
            {"application/javascript": "alert(1)", "text/plain": "<IPython.core.display.Javascript object>"},
            "JavaScript",
        ),
    ],
)
def test_what_needs_a_script_is_named(bundle: dict[str, Any], what: str) -> None:
    html = shown({"output_type": "display_data", "data": bundle, "metadata": {}})

    assert what in html
    assert "executed.ipynb" in html
    assert "alert" not in html


def test_recorded_values_are_not_outputs_to_look_at() -> None:
    """scrapbook keeps them in outputs that Jupyter shows nothing of; the page's head lists them."""
    scrap = {"application/scrapbook.scrap.json+json": {"name": "r2", "data": 0.5}}

    assert shown({"output_type": "display_data", "data": scrap, "metadata": {}}) == ""


def test_a_static_picture_is_preferred_to_a_scripted_one() -> None:
    html = shown(data(text_html="<div></div><script>plot()</script>", image_png=PNG))

    assert '<img class="figure"' in html
    assert 'class="note"' not in html


def test_estimators_and_data_sets_that_are_drawn_with_styles_are_shown_as_text() -> None:
    """scikit-learn's and xarray's HTML would show an apology: `please rerun this cell`."""
    html = '<div class="sk-text-repr-fallback"><pre>Ridge()</pre><b>please rerun this cell</b></div>'

    assert shown(data(text_html=html, text_plain="Ridge()")) == '<pre class="text result">Ridge()</pre>'


def test_what_is_no_image_is_said_to_be_none() -> None:
    assert "is no such image" in shown(data(image_png=PNG + '"><script>alert(1)</script>'))


def test_tracebacks_keep_their_colours_and_lose_their_ruler() -> None:
    error = {
        "output_type": "error",
        "ename": "E",
        "evalue": "v",
        "traceback": ["\x1b[31m-----\x1b[39m", "\x1b[31mE\x1b[0m: v"],
    }

    assert shown(error) == '<pre class="text traceback"><span class="ansi-red-fg">E</span>: v</pre>'


def test_styled_pandas_tables_keep_their_cells_colours() -> None:
    """Only rules for single cells count: a style sheet reaches the whole page."""
    sheet = "<style>#T_1_row0_col0, #T_1_row1_col0 {background-color: #ff0;} body {display: none}</style>"
    table = '<table id="T_1"><tr><td id="T_1_row0_col0">1</td><td id="T_1_row0_col1">2</td></tr></table>'

    html = shown(data(text_html=sheet + table))

    assert '<td style="background-color:#ff0">1</td>' in html
    assert "display" not in html


def test_too_many_outputs_and_too_large_ones_are_left_out_with_a_note() -> None:
    """The page stays bounded whatever a notebook puts out: 300 figures of 5 MB are no page of 1.5 GB."""
    figure = data(image_png=PNG + "AAAA" * 1_250_000)
    page = Outputs(whole="executed.ipynb")

    sizes = [len(page.render([figure, figure])) for _ in range(5)]

    assert sum(sizes) < outputs.PAGE_LIMIT + 10_000
    assert "more outputs were left out" in shown(*[data(text_plain=str(n)) for n in range(500)])
    assert "An image of" in shown(data(image_png=PNG + "AAAA" * 2_000_000))
    assert "Only the first" in shown(data(text_html="<p>x</p>" * 100_000))


def test_a_flood_is_rendered_in_seconds() -> None:
    """60 MB of output in 10,000 pieces (hostile/h3)."""
    pieces = [stream("x" * 6_000, "stdout" if n % 2 else "stderr") for n in range(10_000)]
    begun = time.process_time()

    html = shown(*pieces)

    assert time.process_time() - begun < 5
    assert len(html) < 2_000_000


@pytest.mark.parametrize(
    "sheet",
    ["a" * 250_000, "{" * 250_000, "#T_a," * 50_000, "#T_a{" + "x:y;" * 60_000],
    ids=["word", "brace", "selectors", "properties"],
)
def test_style_sheets_made_to_take_forever_do_not(sheet: str) -> None:
    begun = time.process_time()

    with_inline_styles(f'<style>{sheet}</style><b id="T_a">')

    assert time.process_time() - begun < 1


def test_code_of_an_unknown_language_is_plain() -> None:
    """A notebook's word for its language chooses among the known ones only."""
    assert source_html("x < 1", '"><script>') == '<pre class="code">x &lt; 1</pre>'
    assert '<span class="k">def</span>' in source_html("def f(): pass", "python")
    assert '<span class="hll">' in source_html("a\nb", "python", marked_line=2)
