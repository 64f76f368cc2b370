"""Markdown of notebooks as harmless HTML, in Jupyter's dialect: tables, task lists, attachments and maths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

from markupsafe import Markup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from amltasks.report.highlighting import source_html
from amltasks.report.maths import mathml
from amltasks.report.sanitiser import TooDeepError, clean, data_address

LONGEST = 48_000  # characters, images not counted; the parser's time grows with the square of unclosed formulas

_DATA_IMAGE = re.compile(r"data:(image/(?:png|jpeg|gif|webp|bmp));base64,([A-Za-z0-9+/=]{200,})")


def markdown_html(source: str, attachments: Mapping[str, Any] | None = None, id_prefix: str = "") -> Markup:
    """One Markdown text as HTML; too long a one stays as it is. attachments: file name → {mime type: base64}."""
    images = _attached(attachments or {})

    def set_aside(found: re.Match[str]) -> str:
        address = data_address(found[1], found[2])
        images[f"inline-{len(images)}"] = address or ""
        return f"attachment:inline-{len(images) - 1}"

    text = _DATA_IMAGE.sub(set_aside, source)
    if len(text) <= LONGEST:
        try:
            return clean(_parser().render(text), images, id_prefix)
        except (RecursionError, TooDeepError):
            pass  # nested without end: shown as it was written
    return Markup('<pre class="cut">{}</pre>').format(text[:LONGEST])


def latex_html(source: str) -> Markup:
    """LaTeX that a cell displayed: formulas in it as MathML, the rest as text."""
    text = source[:LONGEST].strip()
    formula = re.fullmatch(r"\$\$(.+)\$\$|\\\[(.+)\\\]|\$\\displaystyle (.+)\$|\$([^$]+)\$", text, re.DOTALL)
    environment = re.fullmatch(r"\\begin\{([a-z]+\*?)\}.*\\end\{\1\}", text, re.DOTALL)
    if formula or environment:
        body = next(group for group in formula.groups() if group is not None) if formula else text
        return clean(mathml(body, block=True))
    return markdown_html(text.replace("<", "&lt;"))


def _attached(attachments: Mapping[str, Any]) -> dict[str, str]:
    images: dict[str, str] = {}
    for name, bundle in attachments.items():
        if isinstance(bundle, Mapping):
            found = (data_address(mime, data) for mime, data in bundle.items() if isinstance(data, str))
            images[name] = next((address for address in found if address), "")
    return images


class _Renderer(IPythonRenderer):  # type: ignore[misc]  # untyped base
    """Jupyter's, with MathML for maths and our highlighting for code; addresses are the sanitiser's business."""

    def block_code(self, code: str, info: str | None = None) -> str:
        return str(source_html(code, (info or "").split(maxsplit=1)[0] if (info or "").strip() else ""))

    def heading(self, text: str, level: int, **_: Any) -> str:
        words = re.sub(r"<[^>]*>|&\w+;", "", text).strip().replace(" ", "-")
        anchor = re.sub(r"[^\w.-]", "", words)[:80]
        return f'<h{level} id="{anchor}">{text}</h{level}>\n'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return str(
            super(IPythonRenderer, self).image(text, unquote(url) if url.startswith("attachment:") else url, title)
        )

    def task_list_item(self, text: str, checked: bool = False) -> str:
        return f"<li>{'☑' if checked else '☐'} {text}</li>\n"

    def block_math(self, body: str) -> str:
        return mathml(body, block=True)

    def inline_math(self, body: str) -> str:
        return mathml(body, block=False)

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", block=True)


@cache
def _parser() -> MarkdownWithMath:
    """Made once: it compiles some forty expressions, and keeps nothing of what it parses."""
    return MarkdownWithMath(renderer=_Renderer(escape=False))
