"""The allow-list: what stays of foreign HTML, and what never does."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amltasks.report.sanitiser import TooDeepError, clean, data_address
from tests.browser.inspection import dangers

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()


@pytest.mark.parametrize(
    "html",
    [
        "<h2>Title</h2>",
        "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>",
        '<table class="dataframe"><tbody><tr><td colspan="2">1</td></tr></tbody></table>',
        '<span style="color:red">x</span>',
        '<span style="background-color:rgb(1, 2, 3)">x</span>',
        "<details><summary>more</summary>text</details>",
        "<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>",
        f'<img src="data:image/png;base64,{PNG}" alt="a figure">',
        '<a href="#part">part</a>',
        "<pre>  two\n  lines</pre>",
    ],
)
def test_what_notebooks_are_made_of_stays(html: str) -> None:
    assert clean(html) == html


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<script>alert(1)</script>text", "text"),
        ("<p onclick='f()'>text</p>", "<p>text</p>"),
        ("<style>body{display:none}</style>text", "text"),
        ("<iframe src='https://x.invalid'>inner</iframe>text", "text"),
        ("<form action='/x'><button>go</button></form>", "go"),
        ("<p style='position:fixed;top:0;color:red'>x</p>", '<p style="color:red">x</p>'),
        ("<p style='background:url(https://x.invalid/p)'>x</p>", '<p style="">x</p>'),
        ("<p style='color:\\75rl(x)'>x</p>", '<p style="">x</p>'),
        ("<p class='outcome dataframe'>x</p>", "<p>x</p>"),
        ("<div class='outcome dataframe'>x</div>", '<div class="dataframe">x</div>'),
        ("<img src='data:text/html;base64,PHA+'>", '<span class="no-image">Image</span>'),
    ],
)
def test_what_could_act_goes_and_its_text_stays(html: str, expected: str) -> None:
    assert clean(html) == expected


def test_links_become_text_with_their_address_behind_it() -> None:
    """The page leads nowhere by itself, and loses no information."""
    assert clean('<a href="https://x.invalid/?a=1&amp;b">docs</a>') == (
        '<a>docs</a> <span class="address">(https://x.invalid/?a=1&amp;b)</span>'
    )
    assert clean('<a href="https://x.invalid">https://x.invalid</a>') == "<a>https://x.invalid</a>"
    assert clean('<a href="javascript:alert(1)">x</a>') == "<a>x</a>"


@pytest.mark.parametrize("address", ["https://x.invalid/p.gif", "figures/a.png", "file:///etc/passwd", "//x.invalid/p"])
def test_images_that_would_be_loaded_become_their_description(address: str) -> None:
    cleaned = clean(f'<img src="{address}" alt="a plot">')

    assert "<img" not in cleaned
    assert "a plot" in cleaned


def test_attached_images_are_put_in() -> None:
    address = data_address("image/png", PNG)
    assert address is not None
    assert clean('<img src="attachment:a.png" alt="">', {"a.png": address}) == f'<img src="{address}" alt="">'


def test_ids_and_links_to_them_get_the_prefix() -> None:
    """Two cells with the same heading do not collide."""
    assert clean('<h1 id="a">A</h1><a href="#a">to A</a>', id_prefix="cell-3-") == (
        '<h1 id="cell-3-a">A</h1><a href="#cell-3-a">to A</a>'
    )


def test_nesting_without_end_is_refused_at_once() -> None:
    """The parser's time grows with the square of the depth: 200,000 elements took 88 seconds."""
    begun = time.process_time()

    with pytest.raises(TooDeepError):
        clean("<div>" * 200_000)

    assert time.process_time() - begun < 2


def test_only_real_images_get_an_address() -> None:
    assert data_address("image/png", PNG) == f"data:image/png;base64,{PNG}"
    assert data_address("image/png", f"{PNG[:8]}\n{PNG[8:]}\n") == f"data:image/png;base64,{PNG}"
    assert data_address("image/jpeg", PNG) is None
    assert data_address("image/png", PNG + '"><script>') is None
    assert data_address("image/png", "not base64 at all") is None
    assert data_address("text/html", PNG) is None


PIECES = r"""
    <script> </script> <style> </style> <svg> </svg> <math> </math> <mtext> <annotation-xml> <table> <td> <a
    <img href= src= style= onerror= javascript: data:image/svg+xml, https://x.invalid alert(1) ' " > </a> <p>
    <!-- --> <![CDATA[ ]]> <title> <noscript> <textarea> url( ) \ ; : x &lt; &#106; <form> <h1 id= attachment:
"""
MARKUP = st.lists(st.sampled_from(PIECES.split()), max_size=25).map(" ".join)


@settings(max_examples=400, deadline=None)
@given(MARKUP)
def test_no_mixture_of_markup_leaves_anything_that_acts(html: str) -> None:
    """Read again by another parser, what comes out holds nothing that runs, loads or leads away; twice is as once."""
    cleaned = clean(html)

    assert dangers(cleaned) == []
    assert dangers(clean(cleaned)) == []
