"""Two builds of one pipeline on an agent that keeps its workspace: what has not changed is taken from the first."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import yaml

from tests.notebooks.running import notebook_python
from tests.task.pipelines import ROOT, Published, Site, task

pytestmark = pytest.mark.xdist_group("reuse in builds")

HOW_TO = ROOT / "docs" / "how-to.md"
_YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
TRAIN, CHANGES, BAD = "notebooks/train.ipynb", "notebooks/changes.ipynb", "notebooks/bad.ipynb"
TOKEN = "tok-4711-abcdef"
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 3])\nplt.show()"
COUNT = "with open('../../ran.txt', 'a') as file:\n    file.write('x')"


@dataclass
class Builds:
    first: Published
    second: Published
    reused_at_first: list[str]
    times_run: int  # the notebook that is reused


@pytest.fixture(scope="session")
def builds(new_site: Callable[[], Site]) -> Builds:
    """In the second one a module has changed, and the job has a secret that is in an old output by chance."""
    site = new_site()
    site.notebook(TRAIN, COUNT, "import steady\nprint('token', 'tok', '4711', 'abcdef', sep='-')", PLOT)
    site.notebook(CHANGES, "import moving\nprint(moving.x)")
    site.notebook(BAD, "1 / 0")
    site.file("notebooks/steady.py", "x = 1\n")
    site.file("notebooks/moving.py", "x = 1\n")
    step = task("notebooks/*.ipynb", reuse="whenUnchanged", continueOnError=True, displayName="notebooks")
    first = site.run(step)
    reused_at_first = [each["notebook"] for each in first.report()["results"] if each["reusedFrom"]]
    site.file("notebooks/moving.py", "x = 2\n")
    second = site.run(step, secrets={"token": TOKEN})
    ran = site.folder / "agent" / "_work" / "1" / "ran.txt"
    return Builds(first, second, reused_at_first, len(ran.read_text()))


def test_the_unchanged_notebook_ran_once_the_others_twice(builds: Builds) -> None:
    results = {each["notebook"]: each for each in builds.second.report()["results"]}

    assert builds.times_run == 1
    assert {name: bool(each["reusedFrom"]) for name, each in results.items()} == {
        BAD: False,
        CHANGES: False,
        TRAIN: True,
    }
    assert builds.reused_at_first == []
    assert builds.second.outcomes == {BAD: "failed", CHANGES: "passed", TRAIN: "passed"}


def test_every_place_says_from_which_build_it_comes(builds: Builds) -> None:
    build, second = builds.first.build, builds.second
    page = f"/_build/results?buildId={build.id}"
    (origin,) = [each["reusedFrom"] for each in second.report()["results"] if each["reusedFrom"]]
    (summary,) = second.tab("Distributedtask.Core.Summary").values()
    html = second.attached(TRAIN)["notebooks.train.html"].decode()

    assert (origin["build"], origin["url"].endswith(page)) == (build.number, True)
    for place in (second.results()[TRAIN].comment or "", "\n".join(second.log("notebooks")), html):
        assert f"Reused from build {build.number} of " in place
        assert page in place
    assert f"build {build.number}" in summary.decode()
    assert f"({origin['url']})" in summary.decode()


def test_its_files_are_those_of_the_first_build(builds: Builds) -> None:
    then, now = builds.first.attached(TRAIN), builds.second.attached(TRAIN)

    assert then.keys() == now.keys()
    pictures = {name for name in then if name.endswith(".png")}
    assert pictures
    assert {then[name] == now[name] for name in pictures} == {True}
    assert [cell.outcome for cell in builds.second.cells(TRAIN)] == ["Passed"] * 3


def test_what_is_a_secret_today_is_not_in_what_was_kept(builds: Builds) -> None:
    assert any(TOKEN.encode() in content for content in builds.first.attached(TRAIN).values())
    assert not any(TOKEN.encode() in content for content in builds.second.attached(TRAIN).values())
    assert b"token-***" in builds.second.attached(TRAIN)["executed.ipynb"]
    (reused,) = [each for each in builds.second.report()["results"] if each["notebook"] == TRAIN]
    assert reused["leaks"] == ["token"]


def test_on_agents_that_keep_nothing_the_cache_task_brings_results_along(new_site: Callable[[], Site]) -> None:
    """The steps of the how-to, on an agent whose folders are new each time."""
    site = new_site()
    site.notebook(TRAIN, "print('hello')")
    site.notebook(CHANGES, "import moving")
    site.file("notebooks/moving.py", "x = 1\n")
    (example,) = [text for text in _YAML.findall(HOW_TO.read_text(encoding="utf-8")) if "Cache@2" in text]
    steps = yaml.safe_load(example)["steps"]
    steps[-1] |= {"name": "nb", "inputs": {**steps[-1]["inputs"], "python": notebook_python()}}

    first = site.run(*steps)
    shutil.rmtree(site.folder / "agent" / "_work" / "1")
    site.file("notebooks/moving.py", "x = 2\n")
    second = site.run(*steps)

    assert first.outcomes == second.outcomes == {TRAIN: "passed", CHANGES: "passed"}
    origins = {each["notebook"]: each["reusedFrom"] for each in second.report()["results"]}
    assert origins[TRAIN]["build"] == first.build.number
    assert origins[CHANGES] is None
