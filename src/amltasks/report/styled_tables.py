"""pandas' styled tables: rules of a `<style>` element for single cells, written to the cells themselves.

The sanitiser drops every style sheet, because a sheet reaches the whole page. What `DataFrame.style` puts there are
rules for ids; as `style` attributes they pass the sanitiser's own list.
"""

from __future__ import annotations

import re
from html import escape

_SHEET = re.compile(r"<style[^>]*>([^<]*)</style>", re.IGNORECASE)
_SELECTOR = re.compile(r"#(T_\w+)")
_ID = re.compile(r'\bid="(T_\w+)"')


def with_inline_styles(html: str) -> str:
    """The HTML with the declarations for every `id="T_…"` as that element's style. Not yet sanitised."""
    styles: dict[str, str] = {}
    for sheet in _SHEET.findall(html):
        for rule in sheet.split("}"):
            selectors, _, declarations = rule.partition("{")
            for selector in selectors.split(","):
                found = _SELECTOR.fullmatch(selector.strip())
                if found:
                    styles[found[1]] = styles.get(found[1], "") + " ".join(declarations.split())
    if not styles:
        return html
    return _ID.sub(lambda found: f'{found[0]} style="{escape(styles.get(found[1], ""))}"', html)
