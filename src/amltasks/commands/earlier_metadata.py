"""The model of the last build that has registered one, for a release of something else: a new score.py, say."""

from __future__ import annotations

import time
from pathlib import Path

from amltasks.agent.job import Job
from amltasks.models.metadata import ARTIFACT, NAME

_SECONDS = 120.0


def download_latest(job: Job, folder: Path) -> str:
    """Puts the metadata file into the folder, of the last build of this pipeline for the branch, else for any branch.

    Gives the build's number; empty where no build has registered a model, or nobody can be asked. Raises ServiceError.
    """
    definition = job.variable("System.DefinitionId")
    if job.connection is None or not definition.isdecimal():
        return ""
    from amltasks.devops.builds import latest_file
    from amltasks.devops.client import Client
    from amltasks.devops.pacing import Pace

    project = job.variable("System.TeamProjectId") or job.variable("System.TeamProject")
    with Client(job.collection_url, job.connection.token, Pace(deadline=time.monotonic() + _SECONDS)) as client:
        for branch in dict.fromkeys([job.variable("Build.SourceBranch"), ""]):
            found = latest_file(client, project, int(definition), branch, ARTIFACT, NAME)
            if found is not None:
                number, content = found
                folder.mkdir(parents=True, exist_ok=True)
                (folder / NAME).write_bytes(content)
                return number
    return ""
