"""The Notebooks tab as the browser loads it: extension/tab bundled to a page, a script and a style sheet."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

from bundling import bundle
from environment import ROOT

TAB = ROOT / "extension" / "tab"
LARGEST = 300_000  # bytes of all its files, each compressed as they travel


def build_tab(folder: Path) -> None:
    """Everything into the folder, made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    options = {
        "entryPoints": {"tab": str(TAB / "src" / "main.tsx")}, "outdir": str(folder), "platform": "browser",
        # A classic script: a frame of no origin may not load modules.
        "format": "iife", "target": "es2022", "minify": True, "conditions": ["import"], "legalComments": "none",
        "jsx": "automatic", "jsxImportSource": "preact", "charset": "utf8", "tsconfig": str(TAB / "tsconfig.json"),
    }  # fmt: skip
    licences = bundle(TAB, options)
    shutil.copy(TAB / "tab.html", folder / "tab.html")
    text = f"tab.js contains the following packages.\n\n{licences}"
    (folder / "ThirdPartyNotices.txt").write_text(text, encoding="utf-8", newline="\n")
    size = sum(len(gzip.compress(file.read_bytes())) for file in folder.glob("tab.*"))
    if size > LARGEST:
        raise SystemExit(f"The tab has {size:,} bytes compressed, more than {LARGEST:,}.")
