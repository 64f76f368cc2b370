"""Foreign HTML made harmless: an allow-list of elements, attributes, classes and styles, and no address at all.

What stays cannot run, load, submit or lead anywhere: links become text with their address behind it, images are
`data:` or become their description. Everything else of an element's name, attribute or style is dropped, its text kept.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from html import escape, unescape

import nh3
from markupsafe import Markup
from pygments.token import STANDARD_TYPES

DEEPEST = 400  # nested elements; the parser's time grows with the square of the depth


def _names(text: str) -> set[str]:
    return set(text.split())


_TEXT = _names("""
    a abbr b bdi bdo blockquote br cite code dd del details dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 h6
    hr i ins kbd li mark ol p pre q s samp section small span strike strong sub summary sup tt u ul var wbr img
""")
_TABLE = _names("""
    caption col colgroup table tbody td tfoot th thead tr
""")
_MATHS = _names("""
    math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom menclose msub msup msubsup
    munder mover munderover mmultiscripts mprescripts none mtable mtr mtd
""")
_MATHS_ATTRIBUTES = _names("""
    accent accentunder columnalign columnlines columnspacing depth display displaystyle fence form height
    linethickness lspace mathcolor mathsize mathvariant maxsize minsize movablelimits notation rowlines
    rowspacing rspace scriptlevel separator stretchy symmetric voffset width
""")
_ATTRIBUTES = {
    "*": {"style", "title", "dir", "lang", "hidden", "align"},
    "a": {"href", "id"},
    "details": {"open"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start", "type"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
    **{f"h{level}": {"id"} for level in range(1, 7)},
    **dict.fromkeys(_MATHS, _MATHS_ATTRIBUTES),
}
# None takes an element out of its place, and `_PLAIN_DECLARATION` lets no address through.
_STYLES = _names("""
    background background-color border border-bottom border-collapse border-color border-left border-radius
    border-right border-spacing border-style border-top border-width color display font-family font-size font-
    style font-weight height line-height list-style-type max-height max-width min-width opacity padding padding-
    bottom padding-left padding-right padding-top text-align text-decoration vertical-align white-space width
""")
_PLAIN_DECLARATION = re.compile(r"[^()\\]*|[^()\\]*\b(?:rgb|hsl)a?\([\d.,%/ ]+\)[^()\\]*")  # no url(…), no escapes
_CLASSES = {"dataframe", "code", "cut", "tex", "address", "no-image"} | {
    name for name in STANDARD_TYPES.values() if name
}
_WITH_CONTENT = {"script", "style", "iframe", "object", "noscript", "template", "title", "svg", "select", "textarea"}

_IMAGE_TYPES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
    "image/bmp": (b"BM",),
}
_DATA_IMAGE = re.compile(r"data:(image/[a-z+]{3,8});base64,([A-Za-z0-9+/]+={0,2})")

# These read nh3's own output only, where attribute values stand in double quotes and hold none.
_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
_IMG = re.compile(r'<img((?: [a-z]+="[^"]*")*)>')
_LINK = re.compile(r'<a((?: [a-z]+="[^"]*")*)>(.*?)</a>', re.DOTALL)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_UNNESTED = _names("""
    area base br col embed hr img input link meta source wbr p li dt dd td th tr tbody thead tfoot
""")


class TooDeepError(ValueError):
    """HTML that is nested deeper than any document is."""


def clean(html: str, images: Mapping[str, str] | None = None, id_prefix: str = "") -> Markup:
    """The harmless part of `html`, safe to put into a page.

    images: name → `data:` address, for images whose address is `attachment:name`. id_prefix: put before every id and
    every link to one, so that parts of one page do not collide. Raises TooDeepError.
    """
    if _depth(html) > DEEPEST:
        raise TooDeepError(f"nested more than {DEEPEST} deep")
    once = _allowed(html, id_prefix, {"http", "https", "mailto", "attachment", "data"}, _attribute)
    shown = _IMG.sub(lambda found: _image(found, images or {}), once)
    shown = _LINK.sub(lambda found: _link(found, id_prefix), shown)
    # What was put in above passes the list again, which from here on knows no address but `data:` and `#`.
    return Markup(_allowed(shown, "", {"data"}, _attribute_without_address))


def data_address(mime: str, content: str) -> str | None:
    """The `data:` address of an image given in base64 (an SVG: as text), or None where it is no such image."""
    if mime == "image/svg+xml":
        return f"data:{mime};base64,{base64.b64encode(content.encode('utf-8', 'replace')).decode()}"
    compact = "".join(content.split())
    try:
        start = base64.b64decode(compact[:64], validate=True)
    except (binascii.Error, ValueError):
        return None
    address = f"data:{mime};base64,{compact}"
    signed = any(start.startswith(signature) for signature in _IMAGE_TYPES.get(mime, ()))
    return address if signed and _DATA_IMAGE.fullmatch(address) else None


def _allowed(html: str, id_prefix: str, schemes: set[str], attribute: Callable[[str, str, str], str | None]) -> str:
    return nh3.clean(
        html,
        tags=_TEXT | _TABLE | _MATHS,
        clean_content_tags=_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        allowed_classes=dict.fromkeys(("a", "code", "div", "pre", "span", "table", "tr"), _CLASSES),
        filter_style_properties=_STYLES,
        url_schemes=schemes,
        url_relative="pass_through",
        link_rel=None,
        id_prefix=id_prefix or None,
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src" and value.startswith("data:"):
        is_image = _DATA_IMAGE.fullmatch(value) or re.fullmatch(r"data:image/svg\+xml[;,].*", value, re.DOTALL)
        return value if is_image else None
    if name == "href" and value.startswith("data:"):
        return None
    if name in {"width", "height"} and tag == "img":
        return value if re.fullmatch(r"\d{1,4}(\.\d+)?(px|%|em)?", value) else None
    if name == "style":
        return ";".join(declaration for declaration in value.split(";") if _PLAIN_DECLARATION.fullmatch(declaration))
    return value


def _attribute_without_address(tag: str, name: str, value: str) -> str | None:
    begin = {"href": "#", "src": "data:"}.get(name, "")
    return _attribute(tag, name, value) if value.startswith(begin) else None


def _image(found: re.Match[str], images: Mapping[str, str]) -> str:
    attributes = dict(_ATTRIBUTE.findall(found[1]))
    source = unescape(attributes.get("src", ""))
    if source.startswith("data:"):
        return found[0]
    if source.startswith("attachment:"):
        address = images.get(source.removeprefix("attachment:"))
        if address:
            return found[0].replace(f'src="{attributes["src"]}"', f'src="{address}"')
        source = ""
    description = attributes.get("alt", "") or "Image"
    return f'<span class="no-image">{description}</span>' + _address(source)


def _link(found: re.Match[str], id_prefix: str) -> str:
    attributes = dict(_ATTRIBUTE.findall(found[1]))
    target, text = unescape(attributes.get("href", "")), found[2]
    anchor = f' id="{attributes["id"]}"' if "id" in attributes else ""
    if target.startswith("#"):
        return f'<a{anchor} href="#{escape(id_prefix + target[1:])}">{text}</a>'
    named = unescape(re.sub(r"<[^>]*>", "", text)).strip()
    return f"<a{anchor}>{text}</a>" + ("" if named == target.removeprefix("mailto:") else _address(target))


def _address(target: str) -> str:
    return f' <span class="address">({escape(target[:500])})</span>' if target else ""


def _depth(html: str) -> int:
    """How deep elements may nest at most, where every end tag ends one."""
    depth = deepest = 0
    for end, name in _TAG.findall(html):
        if name.lower() not in _UNNESTED:
            depth = max(0, depth - 1) if end else depth + 1
            deepest = max(deepest, depth)
    return deepest
