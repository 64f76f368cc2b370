"""Publishes in a process of its own: options as JSON on stdin, a file and how many notebooks have it as arguments.

Prints what could not be published and by how many KiB the process grew meanwhile.
"""

from __future__ import annotations

import resource
import sys
from datetime import datetime, timezone
from pathlib import Path

import amltasks.devops.sdk  # noqa: F401  so that its import does not count
from amltasks.platforms.base import NotebookRun
from amltasks.report.model import Artefact, ArtefactKind, Report
from amltasks.report.test_run import TestRunOptions, TestRunPublisher
from tests.sandbox.publishing.scene import notebook_result


def main() -> None:
    options = TestRunOptions.model_validate_json(sys.stdin.read())
    file = Artefact(kind=ArtefactKind.IMAGE, path=Path(sys.argv[1]), name="file.bin")
    results = [notebook_result(number, artefacts=(file,)) for number in range(int(sys.argv[2]))]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    publisher = TestRunPublisher(options)
    here = Path()
    runs = [
        NotebookRun(run_id=each.run_id, source=here, notebook=each.notebook, working_directory=here, folder=here)
        for each in results
    ]
    publisher.begin("Notebooks", runs)
    for run, result in zip(runs, results, strict=True):
        publisher.finished(run, result)
    now = datetime.now(timezone.utc)
    publisher.complete(Report(title="Notebooks", results=tuple(results), started_at=now, finished_at=now))
    print(publisher.problems(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


if __name__ == "__main__":
    main()
