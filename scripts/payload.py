"""What a task's environment is made of, in one file: the locks and all that our wheel holds, compressed together.

Each task carries it, so it is as small as can be: one text of all, by Brotli, which Node has. The launcher makes files
of it again (tasks/_launcher/src/packages.ts), and of ours a wheel.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

NAME = "packages.json.br"
_COMPRESS = """
const { brotliCompressSync, constants } = require('zlib')
const text = require('fs').readFileSync(0)
const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: text.length }
process.stdout.write(brotliCompressSync(text, { params }))
"""
_DECOMPRESS = "process.stdout.write(require('zlib').brotliDecompressSync(require('fs').readFileSync(0)))"


class Payload(TypedDict):
    """wheel: its name. files: of the wheel, by their paths, without its RECORD. locks: by their names."""

    wheel: str
    files: dict[str, str]
    locks: dict[str, str]


def of_wheel(wheel: Path, locks: Iterable[Path]) -> Payload:
    """Raises UnicodeDecodeError for a wheel that holds anything but text."""
    with zipfile.ZipFile(wheel) as content:
        names = [name for name in content.namelist() if not name.endswith(("/", ".dist-info/RECORD"))]
        files = {name: content.read(name).decode("utf-8") for name in names}
    return {
        "wheel": wheel.name,
        "files": files,
        "locks": {lock.name: lock.read_text(encoding="utf-8") for lock in locks},
    }


def pack(payload: Payload) -> bytes:
    return _node(_COMPRESS, json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())


def unpack(packed: bytes) -> Payload:
    """Raises ValueError for bytes that are no payload."""
    try:
        payload: Payload = json.loads(_node(_DECOMPRESS, packed))
    except subprocess.CalledProcessError as error:
        raise ValueError(f"{NAME} cannot be decompressed") from error
    return payload


def _node(program: str, given: bytes) -> bytes:
    node = shutil.which("node")
    if node is None:
        raise SystemExit("node is not on PATH: install Node.js 20 or later.")
    return subprocess.run([node, "--eval", program], input=given, capture_output=True, check=True).stdout
