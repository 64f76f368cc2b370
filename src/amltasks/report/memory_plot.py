"""The memory of a kernel that died, over time: a small picture in the page, with its numbers as text."""

from __future__ import annotations

from urllib.parse import quote

from markupsafe import Markup

from amltasks.report.model import MemoryCurve
from amltasks.report.wording import duration_words
from amltasks.sizes import size_words

_WIDTH, _HEIGHT = 600, 90


def memory_plot(curve: MemoryCurve | None) -> Markup:
    """An image to stand in the page, and the sentence that says the same; empty without a curve."""
    if curve is None or not max(curve.values, default=0):
        return Markup("")
    most = max(curve.values)
    across, up = _WIDTH / len(curve.values), _HEIGHT / most
    steps = "".join(f"H{place * across:.1f}V{_HEIGHT - value * up:.1f}" for place, value in enumerate(curve.values))
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none">'
        f'<path fill="#888" d="M0 {_HEIGHT}{steps}H{_WIDTH}V{_HEIGHT}Z"/></svg>'
    )
    return Markup('<img class="memory" src="data:image/svg+xml,{picture}" alt=""><p class="said">{said}</p>').format(
        picture=quote(picture), said=_said(curve)
    )


def _said(curve: MemoryCurve) -> str:
    """`23.9 MiB at first, most 501.8 MiB after 14.0 s, 480.0 MiB at the end after 15.5 s.`"""
    first, last = curve.values[0], curve.values[-1]
    place = curve.values.index(max(curve.values))
    most = f"{size_words(curve.values[place])} after {duration_words(place * curve.step)}"
    end = f"{size_words(last)} at the end after {duration_words((len(curve.values) - 1) * curve.step)}"
    return f"{size_words(first)} at first, most {most}, {end}."
