"""Reads a page as a suspicious person would: is there any place in it that could act?"""

from __future__ import annotations

import re
from html.parser import HTMLParser

FORBIDDEN = """
    script iframe frame object embed applet base form input button textarea select audio video source track
    svg animate set use foreignobject portal template noscript dialog
"""
ADDRESSES = """
    action background cite data formaction longdesc ping poster srcdoc srcset xlink:href manifest
"""


def dangers(page: str) -> list[str]:
    """Every place of the page that could run, load, submit or lead anywhere; empty for a harmless page."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._sheets = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in FORBIDDEN.split():
            self.found.append(f"<{tag}>")
        if tag == "style":
            self._sheets += 1
            if self._sheets > 1:
                self.found.append("a second style sheet")
        if tag == "link" and dict(attributes) != {"rel": "icon", "href": "data:,"}:
            self.found.append(f"<link {attributes}>")
        if tag == "meta" and dict(attributes).get("http-equiv", "Content-Security-Policy") != "Content-Security-Policy":
            self.found.append(f"<meta {attributes}>")
        for name, value in attributes:
            if not _is_harmless(tag, name, value or ""):
                self.found.append(f"<{tag} {name}={value!r:.100}>")


def _is_harmless(tag: str, name: str, value: str) -> bool:
    if name.startswith("on") or name in ADDRESSES.split():
        return False
    if name == "href":
        return value.startswith("#") or (tag == "link" and value == "data:,")
    if name == "src":
        return bool(re.match(r"data:image/(png|jpeg|gif|webp|bmp|svg\+xml)[;,]", value))
    if name == "style":
        return not re.search(r"url|expression|import|\\|position|javascript", value, re.IGNORECASE)
    return True
