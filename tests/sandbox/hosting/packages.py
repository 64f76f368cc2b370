"""Extensions for the tests: a package as tfx makes it, with a page that speaks by the real SDK."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PROBE = Path(__file__).with_name("probe.js")
TASK = "11111111-2222-3333-4444-555555555555"
IDENTITY = "acme.probe"
PAGE = '<!DOCTYPE html><meta charset="utf-8"><title>Probe</title><body><script src="probe.js"></script></body>'

MANIFEST = """<PackageManifest xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011"><Metadata>
<Identity Id="probe" Publisher="acme" Version="1.2.3"/><DisplayName>Probe</DisplayName></Metadata><Assets>{}</Assets>
</PackageManifest>"""
TYPES = """<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension=".html" ContentType="text/html"/><Default Extension=".js" ContentType="application/javascript"/>
<Override PartName="/secret.txt" ContentType="text/plain"/></Types>"""


def bundle(target: Path) -> str:
    """probe.js with the SDK and the clients in it."""
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    command = [str(esbuild), str(PROBE), "--bundle", "--format=iife", f"--outfile={target}", "--log-level=warning"]
    subprocess.run(command, check=True, cwd=ROOT)
    return target.read_text(encoding="utf-8")


def tab(name: str, target: str, kind: str, uri: str = "page/probe.html", tasks: Sequence[str] = ()) -> dict[str, Any]:
    properties: dict[str, Any] = {"name": name.capitalize(), "uri": uri}
    if tasks:
        properties["supportsTasks"] = list(tasks)
    return {"id": name, "type": kind, "targets": [target], "properties": properties}


def pack(path: Path, contributions: Sequence[Mapping[str, Any]], scopes: Sequence[str], script: str) -> Path:
    """A .vsix whose files below `page/` are addressable; `secret.txt` is not."""
    files = {"page/probe.html": PAGE, "page/probe.js": script, "secret.txt": "not for browsers"}
    assets = [f'<Asset Type="{name}" Path="{name}" Addressable="true"/>' for name in files if name.startswith("page/")]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("extension.vsixmanifest", MANIFEST.format("".join(assets)))
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr(
            "extension.vsomanifest",
            json.dumps({"manifestVersion": 1, "contributions": list(contributions), "scopes": list(scopes)}),
        )
        for name, text in files.items():
            archive.writestr(name, text)
    return path
