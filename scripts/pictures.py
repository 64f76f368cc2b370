"""Take the documents' pictures anew: python3 scripts/pictures.py (wants Chromium on PATH).

Runs the examples on the sandbox as a team would see them: three builds that pass, then one whose data have changed, and
a model that is registered and rolled out; then opens the pages in a browser. Takes some minutes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from endpoints import end_endpoints
from environment import BUILD, ROOT, dev_python, reexecute_in

from build import build

PICTURES = ROOT / "docs" / "images"
MARKETPLACE = ROOT / "extension" / "images" / "tab.png"
FOLDER = BUILD / "pictures"
REPOSITORY = FOLDER / "repository"
STATE = FOLDER / "sandbox.sqlite"
AGENT = Path(tempfile.gettempdir()) / "agent"  # seen in tracebacks: a path that says nothing of this machine
NOTEBOOKS = REPOSITORY / "examples" / "azure-pipelines.yml"
MODEL = REPOSITORY / "examples" / "train-register-deploy" / "azure-pipelines.yml"
DATA = REPOSITORY / "examples" / "notebooks" / "diabetes.py"
TRAINING = REPOSITORY / "examples" / "notebooks" / "train.ipynb"
MODEL_TRAINING = MODEL.parent / "train.ipynb"
# What was before the examples are as they are: a delivery that is good enough, models that are not as good.
EARLIER = {
    DATA: (('"blood pressure"', '"blood_pressure"'), ("< 0.1", "< 0.03")),
    TRAINING: (("test_share = 0.25", "test_share = 0.4"),),
    MODEL_TRAINING: (("alpha = 1.0", "alpha = 300.0"),),
}
APPROVED = ("--approval", "prod=approve")
TAB = "azure-ml-tasks.azure-ml-tasks.notebooks-tab"


def main() -> int:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("Wanted: Chromium on PATH.")
    for folder in (FOLDER, AGENT):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "examples", REPOSITORY / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    extension = build()
    _git("init", "--quiet", "--initial-branch", "main")
    now = {path: path.read_text(encoding="utf-8") for path in EARLIER}
    for path, changes in EARLIER.items():
        _replace(path, changes)
    _commit("The supplier's first delivery")
    for _ in range(3):
        _run(NOTEBOOKS, extension)
    _run(MODEL, extension, *APPROVED)
    for path, text in now.items():
        path.write_text(text, encoding="utf-8")
    _commit("A new delivery")
    _run(NOTEBOOKS, extension)
    _run(MODEL, extension, *APPROVED)
    end_endpoints(AGENT)
    with _served() as address:
        _take(chromium, address)
    return 0


def _take(chromium: str, address: str) -> None:
    from playwright.sync_api import sync_playwright

    tab = f"{address}/sandbox/demo/_build/results?view={TAB}&buildId="
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for theme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1280, "height": 1250})
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")

            page.goto(f"{tab}5")
            frame = page.frame_locator("iframe")
            frame.get_by_text("New: passed in").first.wait_for()
            page.screenshot(path=PICTURES / f"tab-{theme}.png")
            if theme == "light":
                page.locator("iframe").screenshot(path=MARKETPLACE)

            frame.get_by_text("data-quality.ipynb").first.click()
            frame.frame_locator("iframe").get_by_text("KeyError").first.wait_for()
            page.screenshot(path=PICTURES / f"tab-notebook-{theme}.png")

            frame.get_by_role("tab", name="What changed").click()
            frame.get_by_text("unchanged").first.wait_for()
            page.screenshot(path=PICTURES / f"tab-changes-{theme}.png")

            page.goto(f"{tab}6")
            frame.get_by_role("heading", name="Deploy to diabetes-prod").scroll_into_view_if_needed()
            page.screenshot(path=PICTURES / f"tab-rollout-{theme}.png")
            page.close()
        page = browser.new_page(viewport={"width": 1200, "height": 700})
        page.goto(f"{address}/builds/5/tests")
        page.screenshot(path=PICTURES / "sandbox-tests.png")
        browser.close()


@contextmanager
def _served() -> Iterator[str]:
    command = [sys.executable, "-u", "-m", "sandbox", "serve", "--state", str(STATE)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sandbox:
        try:
            assert sandbox.stdout is not None
            yield next(found[0] for line in sandbox.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
        finally:
            sandbox.terminate()


def _run(pipeline: Path, extension: Path, *options: str) -> None:
    print(f"Running {pipeline.relative_to(REPOSITORY)} …", flush=True)
    command = [sys.executable, "-m", "sandbox", "run", str(pipeline), "--extension", str(extension)]
    command += ["--repository", str(REPOSITORY), "--work", str(AGENT), "--tools", str(BUILD / "demo-tools")]
    with (FOLDER / "agent.log").open("ab") as log:
        subprocess.run([*command, "--state", str(STATE), *options], cwd=ROOT, stdout=log, stderr=log, check=False)


def _replace(path: Path, changes: tuple[tuple[str, str], ...]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        if old not in text:
            raise SystemExit(f"{path.relative_to(REPOSITORY)} does not say {old} any more: tell the story anew.")
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def _commit(message: str) -> None:
    _git("add", "--all")
    _git("-c", "user.name=Team", "-c", "user.email=team@example.invalid", "commit", "--quiet", "--message", message)


def _git(*arguments: str) -> None:
    subprocess.run(["git", "-C", str(REPOSITORY), *arguments], check=True)


if __name__ == "__main__":
    reexecute_in(dev_python())
    raise SystemExit(main())
