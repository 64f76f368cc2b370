"""Pictures that a notebook made, as files."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from nbformat import NotebookNode

from amltasks.notebooks.saving import write_new

_BINARY = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}
_SVG = "image/svg+xml"
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF")
MOST_IMAGES = 500


def write_images(notebook: NotebookNode, folder: Path) -> tuple[list[Path], str]:
    """Writes each output's picture as `cell-007-1.png` (position from 1, number in the cell): (files, what is missing).

    What is not a picture inside is left out without a word: a browser would show nothing either. Raises OSError.
    """
    files: list[Path] = []
    for position, cell in enumerate(notebook.cells, 1):
        number = 0
        for output in cell.get("outputs", ()):
            picture = _picture(output.get("data") or {})
            if picture is None:
                continue
            if len(files) == MOST_IMAGES:
                return files, f"Only the first {MOST_IMAGES} images were kept as files; the notebook has them all."
            number += 1
            suffix, data = picture
            files.append(folder / f"cell-{position:03}-{number}.{suffix}")
            _make_folder(folder)
            write_new(files[-1], [data])
    return files, ""


def _make_folder(folder: Path) -> None:
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    folder.mkdir(exist_ok=True)


def _picture(data: dict[str, object]) -> tuple[str, bytes] | None:
    """(file suffix, content) of an output's best picture."""
    for mime, suffix in _BINARY.items():
        if mime in data:
            try:
                content = base64.b64decode("".join(_text(data[mime]).split()), validate=True)
            except (binascii.Error, ValueError):
                continue
            if content.startswith(_SIGNATURES):
                return suffix, content
    if _SVG in data:
        return "svg", _text(data[_SVG]).encode("utf-8", "replace")
    return None


def _text(value: object) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)
