"""TeX to MathML, which browsers show without a script. What cannot be converted is shown as its source.

latex2mathml is pure Python, without dependencies and reads no files. It escapes nothing and passes `\\href` on, so its
output is as foreign as its input: it goes through `sanitiser.clean` like everything else.
"""

from __future__ import annotations

from html import escape

from latex2mathml import exceptions
from latex2mathml.converter import convert

LONGEST = 4000  # characters; longer ones are no formula that anybody reads

_REFUSALS: tuple[type[Exception], ...] = (
    RecursionError,
    *(error for error in vars(exceptions).values() if isinstance(error, type) and issubclass(error, Exception)),
)


def mathml(tex: str, *, block: bool) -> str:
    """The formula as a `<math>` element, or its source in `<code>`. Not yet sanitised."""
    source = tex.strip()
    if 0 < len(source) <= LONGEST:
        # The converter would pass these on as they are.
        try:
            converted = convert(
                source.replace("<", r"\lt ").replace(">", r"\gt "), display="block" if block else "inline"
            )
        except _REFUSALS:
            converted = ""
        if converted and not _left_over(converted):
            return converted
    delimiter = "$$" if block else "$"
    return f'<code class="tex">{escape(f"{delimiter}{source}{delimiter}")}</code>'


def _left_over(converted: str) -> bool:
    """Whether a command was not known: the converter shows it with its backslash, or leaves everything out."""
    return "\\" in converted or "<mrow /></math>" in converted
