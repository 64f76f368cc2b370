"""What the same step recorded in the last green build of a pull request's target branch."""

from __future__ import annotations

from urllib.parse import quote

from amltasks.data import Data
from amltasks.devops.build_attachments import attachments, content, green_builds
from amltasks.devops.client import Client
from amltasks.report.earlier_values import EarlierRun, read_values
from amltasks.report.tab_names import attachment_name
from amltasks.report.tab_records import INDEX, TYPE, TabContext

BUILDS = 5  # that are looked at: the step may be new, or conditional
ATTEMPTS = 5


class PipelineStep(Data):
    """definition, pipeline: the pipeline's id and name."""

    definition: int
    pipeline: str = ""
    context: TabContext

    def parts(self) -> tuple[str, ...]:
        """What tells it from all other steps of the project, the same in every build."""
        return (str(self.definition), self.context.stage, self.context.job, self.context.step)

    def title(self) -> str:
        """For people: `pipeline/stage/job/step`."""
        names = (self.pipeline, self.context.stage, self.context.job, self.context.step)
        return "/".join(name for name in names if name and name != "__default")


def green_run(client: Client, url: str, project: str, step: PipelineStep) -> EarlierRun | None:
    """None where no build of the branch has succeeded lately with this step in it. Raises ServiceError."""
    branch = step.context.target_branch
    branch = branch if not branch or branch.startswith("refs/") else f"refs/heads/{branch}"
    if not branch:
        return None
    contexts = [step.context.model_copy(update={"attempt": attempt}) for attempt in range(ATTEMPTS, 0, -1)]
    names = [attachment_name(context, ending=INDEX) for context in contexts]
    for build in green_builds(client, project, step.definition, branch, BUILDS):
        found = {each.name: each for each in attachments(client, project, build.id, TYPE)}
        index = next((found[name] for name in names if name in found), None)
        if index is not None:
            page = f"{url}{quote(project)}/_build/results?buildId={build.id}"
            short = branch.removeprefix("refs/heads/")
            return EarlierRun(build.number, page, short, read_values(content(client, index)))
    return None
