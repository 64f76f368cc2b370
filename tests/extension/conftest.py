from __future__ import annotations

import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.extension.launching import ROOT, Agent, write_wheel
from tests.locking import one_at_a_time

# The scripts import each other as they are started: by their own names.
sys.path.insert(0, str(ROOT / "scripts"))

MakeTask = Callable[[str], Path]


@pytest.fixture(scope="session")
def launcher(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The launcher as it is packed."""
    with zipfile.ZipFile(package) as content:
        return Path(content.extract("tasks/RunNotebookOnAML/launcher.js", tmp_path_factory.mktemp("launcher")))


@pytest.fixture(scope="session")
def links(shared: Path) -> Path:
    """The only place from which packages can be installed in these tests: a folder with one small wheel."""
    folder = shared / "links"
    with one_at_a_time(shared / "links.lock"):
        if not folder.is_dir():
            folder.mkdir()
            write_wheel(folder, "locked", {"locked/__init__.py": "", "locked/data.txt": "data\n"})
    return folder


@pytest.fixture
def task(tmp_path: Path, launcher: Path, links: Path) -> MakeTask:
    """Makes a task of the packed launcher and the main.py given."""
    from tests.extension.tasks import make_task

    return lambda main: make_task(tmp_path / "task", launcher, main, links)


@pytest.fixture
def agent(tmp_path: Path, links: Path) -> Agent:
    """A fresh agent: no Python, no uv, no environment."""
    return Agent(tmp_path / "agent", tmp_path / "agent" / "tools", _packages_from(links))


@pytest.fixture
def used_agent(tmp_path: Path, shared: Path, links: Path) -> Agent:
    """An agent with Python, on which the task's environment is there already or made in a moment by uv."""
    return Agent(tmp_path / "agent", shared / "tools", _packages_from(links)).has_python().has_uv()


@dataclass(frozen=True)
class Mirror:
    """An index of packages on this machine. seen: of every request its user agent, path and credentials."""

    url: str
    seen: list[str]


@pytest.fixture
def mirror(tmp_path: Path, links: Path) -> Iterator[Mirror]:
    """Serves what is in `links` by folder listings, which is all that an index needs to be."""
    shutil.copytree(links, tmp_path / "index" / "locked")
    seen: list[str] = []

    class Listing(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            seen.append(f"{self.headers['User-Agent']} {self.path} {self.headers['Proxy-Authorization']}")

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Listing, directory=str(tmp_path / "index"))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield Mirror(f"http://127.0.0.1:{server.server_port}/", seen)
        server.shutdown()


def _packages_from(links: Path) -> dict[str, str]:
    return {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(links),
        "UV_OFFLINE": "1",
        "UV_FIND_LINKS": str(links),
    }
