"""What a Python consists of: its version and everything that is installed in it, as far as results depend on that."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from amltasks.notebooks.kernels import Interpreter
from amltasks.past.digests import NotReusableError

_SECONDS = 60

# Of a package from a folder, the version says nothing: what was installed is told by the digests in its RECORD.
_PROBE = """
import sys
sys.path[:] = [p for p in sys.path if p]
import hashlib, json, os, platform, site, sysconfig
from importlib.metadata import distributions, version
own = [sysconfig.get_path(n) for n in ("stdlib", "platstdlib", "purelib", "platlib")] + site.getsitepackages()
own = [os.path.realpath(p) for p in own + [site.getusersitepackages()]]
packages = []
for d in distributions():
    direct = json.loads(d.read_text("direct_url.json") or "null")
    record = ""
    if direct and direct.get("url", "").startswith("file:"):
        lines = sorted(l for l in (d.read_text("RECORD") or "").splitlines() if l[:2] != ".." and "-info/" not in l)
        record = hashlib.sha256("\\n".join(lines).encode()).hexdigest()
    packages.append([d.metadata["Name"] or "", d.version or "", direct, record])
loose = [p for p in sys.path if os.path.isdir(p) and not any(
    os.path.realpath(p) == o or os.path.realpath(p).startswith(o + os.sep) for o in own)]
print("amltasks-probe" + json.dumps({
    "python": [sys.version, platform.machine(), sys.platform], "packages": packages, "loose": loose,
    "interpreter": [sys.executable, "%d.%d.%d" % sys.version_info[:3], sys.prefix],
}))
"""


@dataclass(frozen=True)
class Environment:
    """lock: names, versions and origins, JSON-like, the same wherever the same is installed.

    loose: folders whose modules may change without a word in `lock`: sources of packages installed as editable, and
    whatever else is on the path and not Python's own. interpreter: as kernels are chosen by.
    """

    lock: Any
    loose: tuple[Path, ...]
    interpreter: Interpreter


def environment_of(executable: str, variables: Mapping[str, str], folder: Path) -> Environment:
    """Asks the interpreter. variables, folder: what it is started in. Raises NotReusableError."""
    try:
        answer = subprocess.run(
            [executable, "-c", _PROBE],
            env=dict(variables),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
        line = next(line for line in answer.stdout.splitlines() if line.startswith(b"amltasks-probe"))
        found = json.loads(line.removeprefix(b"amltasks-probe"))
    except (OSError, subprocess.SubprocessError, StopIteration, ValueError):
        raise NotReusableError(f"its Python ({executable or 'none'}) does not tell which packages it has.") from None
    path, version, prefix = found["interpreter"]
    ipykernel = next((package[1] for package in found["packages"] if package[0].lower() == "ipykernel"), "")
    return Environment(
        lock=[found["python"], sorted(map(_locked, found["packages"]))],
        loose=(*map(Path, found["loose"]), *filter(None, map(_editable, found["packages"]))),
        interpreter=Interpreter(executable=path, version=version, prefix=prefix, ipykernel=ipykernel),
    )


def _locked(package: tuple[str, str, Mapping[str, Any] | None, str]) -> list[str]:
    name, version, direct, record = package
    is_local = direct is not None and str(direct.get("url", "")).startswith("file:")
    # Where a folder lies does not matter, and of what was installed from it RECORD tells.
    origin = "" if direct is None or is_local else json.dumps(direct, sort_keys=True)
    return [name.lower(), version, origin, record]


def _editable(package: tuple[str, str, Mapping[str, Any] | None, str]) -> Path | None:
    direct = package[2]
    if direct is None or not (direct.get("dir_info") or {}).get("editable"):
        return None
    return Path(url2pathname(unquote(urlsplit(str(direct["url"])).path)))
