"""A build of a pull request: what the step says there, by the packaged task and the job's own token."""

from __future__ import annotations

from tests.task.pipelines import Site, task

GLUE = """
from IPython.display import display
value = {{"name": "auc", "data": {auc}, "encoder": "json", "version": 1}}
display({{"application/scrapbook.scrap.json+json": value}}, raw=True)
"""
FIGURE = """
import base64
from IPython.display import Image
Image(base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
))
"""


def test_the_pull_request_tells_what_failed_and_what_changed_against_its_target(site: Site) -> None:
    """Built on main first; the branch then records a worse value, draws a figure and fails."""
    site.notebook("train.ipynb", GLUE.format(auc=0.93))
    step = task("*.ipynb", displayName="the notebooks", pullRequestComment="onFailure", pullRequestStatus="true")
    on_main = site.run(step)
    site.world.journal.close()  # the documents give an attachment's links a shape that is not the service's
    site.branch("feature")
    site.notebook("train.ipynb", GLUE.format(auc=0.91), FIGURE, "raise ValueError('@<1> #12 <b>boom</b>')")

    ran = site.run(step, pull_request=("feature", "main"))

    said = ran.world.git.discussions
    [thread] = said.threads(1)
    [comment] = thread.comments
    [figure] = said.files(1)
    [status] = said.statuses(1)
    assert ran.verdicts["the notebooks"] == "failed"
    assert (thread.status, comment.author) == ("active", status.author)
    assert "| train.ipynb | auc | 0.93 | 0.91 | −0.02 (−2.2 %) |" in comment.content
    assert f"build {on_main.build.number}" in comment.content
    assert f"/attachments/{figure.name})" in comment.content
    assert "boom" in comment.content
    assert "@<" not in comment.content
    assert "view=azure-ml-tasks.azure-ml-tasks.notebooks-tab" in comment.content
    assert (status.state, status.name, status.iteration) == ("failed", "azure-pipelines/Job/nb", 1)
    assert ran.report()["problems"] == []
