"""What a cell put out, as harmless HTML of bounded size: the richest form that needs no script.

An output that is cut or cannot be shown is followed by a note that names the file which holds it whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from amltasks.report.executed import is_stand_in, merged
from amltasks.report.folding import folded
from amltasks.report.prose import latex_html, markdown_html
from amltasks.report.sanitiser import TooDeepError, clean, data_address
from amltasks.report.styled_tables import with_inline_styles
from amltasks.sizes import size_words

TEXT_LIMIT = 64_000  # characters of one text
HTML_LIMIT = 256_000  # characters of one HTML output
IMAGE_LIMIT = 6_000_000  # characters of one image's base64
OUTPUT_LIMIT = 100  # outputs of one cell
PAGE_LIMIT = 30_000_000  # characters of all outputs of a page

_NEEDS_SCRIPT = {
    "application/vnd.jupyter.widget-view+json": "An interactive widget",
    "application/vnd.plotly.v1+json": "An interactive Plotly figure",
    "application/vnd.bokehjs_exec.v0+json": "An interactive Bokeh figure",
    "application/vnd.holoviews_exec.v0+json": "An interactive HoloViews figure",
    "application/javascript": "A JavaScript output",
}
_RECORDED = "application/scrapbook."  # values for programs, which Jupyter does not show; the page's head has them
_VEGA = re.compile(r"application/vnd\.vega(lite)?\.v\d+\+json")
_SCRIPTED = re.compile(r"<(script|iframe|canvas)\b", re.IGNORECASE)
# scikit-learn and xarray draw with styles, and hold a text with excuses for whoever cannot see them.
_DRAWN = "text-repr-fallback"
_SEEN = re.compile(r'<img|style="[^"]*background')
_RULER = re.compile(r"(\x1b\[[\d;]*m|-)+")  # the dashes that IPython draws above a traceback
_OWN_COLOURS = re.compile(r'style="[^"]*(color|background)')
# Opened, it fills the window: by click or by key, without a script.
_ZOOM = Markup('<details class="zoom"><summary title="Enlarge, or back">{}</summary></details>')


class Outputs:
    """Renders the outputs of one page's cells within the page's budget. whole: the file that holds everything."""

    def __init__(self, whole: str) -> None:
        self._whole = whole
        self._left = PAGE_LIMIT

    def render(self, outputs: list[Mapping[str, Any]], id_prefix: str = "") -> Markup:
        """All outputs of one cell, in order; consecutive text of one stream is one output."""
        parts: list[Markup] = []
        joined = list(merged(outputs))
        for output in joined[:OUTPUT_LIMIT]:
            parts.append(self._within(self._one(output, id_prefix)))
        if len(joined) > OUTPUT_LIMIT:
            parts.append(self._note(f"{len(joined) - OUTPUT_LIMIT:,} more outputs were left out."))
        return Markup("\n").join(parts)

    def markdown(self, source: str, attachments: Any, id_prefix: str) -> Markup:
        """A Markdown cell, within the page's budget too."""
        part = markdown_html(source, attachments if isinstance(attachments, Mapping) else None, id_prefix)
        return self._within(part)

    def text(self, text: str, kind: str) -> Markup:
        """Terminal text; kind is its CSS class. A long one is folded, a very long one is cut in its middle."""
        whole_length = len(text)
        note = Markup("")
        if whole_length > TEXT_LIMIT:
            text = _without_middle(text)
            note = self._note(
                f"{whole_length - TEXT_LIMIT:,} of {whole_length:,} characters were cut out of the middle."
            )
        return folded(text, kind) + note

    def _within(self, part: Markup) -> Markup:
        if len(part) > self._left:
            return self._note("The page is full: this part was left out.")
        self._left -= len(part)
        return part

    def _one(self, output: Mapping[str, Any], id_prefix: str) -> Markup:
        kind = output.get("output_type")
        if kind == "stream":
            return self.text(str(output.get("text", "")), "stderr" if output.get("name") == "stderr" else "stdout")
        if kind == "error":
            return self._error(output)
        data = output.get("data")
        return self._data(data if isinstance(data, Mapping) else {}, output.get("metadata"), id_prefix)

    def _error(self, output: Mapping[str, Any]) -> Markup:
        traceback = output.get("traceback")
        lines = [str(line) for line in traceback] if isinstance(traceback, list) else []
        if lines and _RULER.fullmatch(lines[0]):
            del lines[0]
        text = "\n".join(lines) or f"{output.get('ename', '')}: {output.get('evalue', '')}"
        return self.text(text, "traceback")

    def _data(self, data: Mapping[str, Any], metadata: Any, id_prefix: str) -> Markup:
        """The best form in the bundle that can be shown; a note where there is none."""
        forms: list[tuple[str, Callable[[str], Markup | None]]] = [
            ("text/html", lambda html: self._html(html, id_prefix, others=data)),
            ("text/markdown", lambda text: self._prose(markdown_html(text[:HTML_LIMIT], id_prefix=id_prefix))),
            ("text/latex", lambda text: self._prose(latex_html(text))),
            *((mime, self._image_of(mime, metadata)) for mime in _IMAGES),
            ("text/plain", lambda text: None if is_stand_in(text, data) else self.text(text, "result")),
        ]
        for mime, show in forms:
            if isinstance(data.get(mime), str):
                shown = show(data[mime])
                if shown is not None:
                    return shown + self._unseen(data, mime)
        if any(str(mime).startswith(_RECORDED) for mime in data):
            return Markup("")
        if "application/json" in data:
            return self._json(data["application/json"])
        names = ", ".join(map(str, data))[:200]
        return self._unseen(data, "") or self._note(f"An output is of a kind that this page cannot show: {names}.")

    def _json(self, content: Any) -> Markup:
        try:
            return self.text(json.dumps(content, indent=2, ensure_ascii=False), "json")
        except RecursionError:
            return self._note("This JSON is nested too deep to be shown.")

    def _html(self, html: str, id_prefix: str, others: Mapping[str, Any]) -> Markup | None:
        """HTML that says something without its scripts, or None: then another form is better."""
        if _SCRIPTED.search(html[:HTML_LIMIT]) and any(mime in others for mime in _IMAGES):
            return None
        if _DRAWN in html and "text/plain" in others:
            return None
        try:
            cleaned = clean(with_inline_styles(html[:HTML_LIMIT]), id_prefix=id_prefix)
        except TooDeepError:
            return self.text(html, "html source") + self._note("This HTML is nested too deep to be shown.")
        if not _SEEN.search(cleaned) and not re.sub(r"<[^>]*>", "", cleaned).strip():
            return None
        shown = Markup('<div class="rich{}">{}</div>').format(" own" if _OWN_COLOURS.search(cleaned) else "", cleaned)
        if len(html) > HTML_LIMIT:
            shown += self._note(f"Only the first {HTML_LIMIT:,} of {len(html):,} characters of this HTML are shown.")
        return shown

    def _prose(self, html: Markup) -> Markup:
        return Markup('<div class="rich">{}</div>').format(html)

    def _image_of(self, mime: str, metadata: Any) -> Callable[[str], Markup | None]:
        own = metadata.get(mime) if isinstance(metadata, Mapping) else None
        width = own.get("width") if isinstance(own, Mapping) else None
        size = Markup(' width="{}"').format(width) if isinstance(width, int) and 0 < width < 10_000 else ""

        def show(content: str) -> Markup | None:
            if len(content) > IMAGE_LIMIT:
                return self._note(f"An image of {size_words(len(content) * 3 // 4)} was left out.")
            address = data_address(mime, content)
            if address is None:
                return self._note(f"An output says it is {mime}, but is no such image.")
            image = Markup('<img class="figure" src="{}"{} alt="{}">').format(address, size, f"Figure ({mime})")
            return _ZOOM.format(image)

        return show

    def _unseen(self, data: Mapping[str, Any], shown: str) -> Markup:
        """A note where a script would have shown more."""
        what = next((name for mime, name in _NEEDS_SCRIPT.items() if mime in data), "")
        if not what and any(_VEGA.fullmatch(str(mime)) for mime in data):
            what = "An interactive Vega chart"
        if not what and _SCRIPTED.search(str(data.get("text/html", ""))[:HTML_LIMIT]) and shown != "text/html":
            what = "An interactive output"
        if not what or shown in _IMAGES:
            return Markup("")
        return self._note(f"{what} needs to run scripts and is left out of this page.")

    def _note(self, text: str) -> Markup:
        where = Markup(" It is in <b>{}</b>.").format(self._whole) if self._whole else ""
        return Markup('<p class="note">{}{}</p>').format(text, where)


_IMAGES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")


def _without_middle(text: str) -> str:
    half = TEXT_LIMIT // 2
    return f"{text[:half]}\n\n[…]\n\n{text[-half:]}"
