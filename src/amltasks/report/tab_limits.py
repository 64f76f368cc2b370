"""How much the tab's files hold of what notebooks may make endless. Characters, unless said otherwise."""

from __future__ import annotations

SIZE_LIMIT = 50_000_000  # bytes of one file; larger ones are named in the index, not attached
THUMBNAIL_BYTES = 1_000_000

PATH = 1_000
NAME = 200
MESSAGE = 2_000
NOTE, NOTES = 1_000, 20
VALUE, VALUES = 500, 100  # parameters, scraps
EXCERPT_LINES_BEFORE, EXCERPT_LINES_AFTER, EXCERPT_LINE = 5, 3, 300
TRACEBACK_LINES, TRACEBACK = 20, 4_000

RECORD_BYTES = 2_000_000  # of all cells of a notebook
SOURCE = 20_000
TEXT = 4_000  # of an output
PICTURE = 400_000  # of base64: 300 kB
PICTURES_LEAVE_BYTES = 800_000  # of the record, for the texts that follow
BARE_CELLS_BYTES = 300_000  # of the record, for cells of which there is no more room for the texts
OUTPUTS = 50  # of a cell
HEADING = 120


def bounded(text: str, most: int) -> str:
    """The text, cut where it is too long; what no encoding has, lone surrogates, become question marks."""
    if len(text) > most:
        text = f"{text[: most - 1]}…"
    return encodable(text)


def encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
