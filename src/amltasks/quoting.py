"""Foreign text inside a sentence of ours."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def quoted(text: object, limit: int = 80) -> str:
    """The text in quotation marks, on one line, control and invisible characters escaped, cut to `limit` characters."""
    whole = str(text)
    return repr(whole if len(whole) <= limit else whole[: limit - 1] + "…")


def listed(names: Iterable[str], limit: int = 10) -> str:
    """Names, each quoted, the rest counted: `'a', 'b' and 3 more`."""
    shown = list(names)
    if len(shown) > limit:
        return f"{', '.join(quoted(name) for name in shown[:limit])} and {len(shown) - limit} more"
    return ", ".join(quoted(name) for name in shown)


def nearest(name: str, names: Iterable[str]) -> str:
    """` (did you mean 'alpha'?)` with the most similar of the names, or nothing where none is similar."""
    folded = {candidate.casefold(): candidate for candidate in names}
    found = get_close_matches(name.casefold()[:200], folded, n=1, cutoff=0.6)
    return f" (did you mean {quoted(folded[found[0]])}?)" if found else ""
