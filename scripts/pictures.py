"""Take the documents' pictures anew, from the demo's last run: python3 scripts/pictures.py (wants Chromium on PATH)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from environment import BUILD, ROOT, dev_python, reexecute_in

PICTURES = ROOT / "docs" / "images"
OFFLINE = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")


def main() -> int:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    page = next((BUILD / "demo" / "work").rglob("*data-quality.html"), None)
    if chromium is None or page is None:
        raise SystemExit("Wanted: Chromium on PATH, and a run of scripts/demo.py to take pictures of.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    _take(chromium, page.as_uri(), "page-light.png", (1200, 900))
    _take(chromium, page.as_uri(), "page-dark.png", (1200, 900), "--blink-settings=preferredColorScheme=0")
    serve = [sys.executable, "-u", "-m", "sandbox", "serve", "--state", str(BUILD / "demo" / "sandbox.sqlite")]
    with subprocess.Popen(serve, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sandbox:
        try:
            assert sandbox.stdout is not None
            address = next(
                found[0] for line in sandbox.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line))
            )
            _take(chromium, f"{address}/builds/1/tests", "sandbox-tests.png", (1200, 620))
            _take(chromium, f"{address}/builds/1", "sandbox-build.png", (1200, 1000))
        finally:
            sandbox.terminate()
    return 0


def _take(chromium: str, address: str, name: str, size: tuple[int, int], *options: str) -> None:
    with tempfile.TemporaryDirectory() as profile:
        command = [chromium, "--headless", "--disable-gpu", "--hide-scrollbars", *OFFLINE, *options]
        command += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command += [f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}"]
        subprocess.run([*command, f"--screenshot={PICTURES / name}", address], check=True, capture_output=True)
    print(Path("docs", "images", name))


if __name__ == "__main__":
    reexecute_in(dev_python())
    raise SystemExit(main())
