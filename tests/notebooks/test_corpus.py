"""Every real notebook gets the outcome, failing cell, error and images that the MANIFEST states."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from amltasks.report.model import Outcome
from tests.notebooks.corpus import Sample, differences, run_sample, samples, seen

UNSTARTED = {Outcome.INVALID, Outcome.KERNEL_MISSING}
ALL = [pytest.param(sample, id=sample.id, marks=() if sample.fast else pytest.mark.long) for sample in samples()]


@pytest.mark.skipif(not ALL, reason="the corpus of real notebooks is not beside the project")
@pytest.mark.parametrize("sample", ALL)
def test_a_real_notebook_gets_the_verdict_it_deserves(sample: Sample, tmp_path: Path) -> None:
    ran = run_sample(sample, tmp_path)

    assert differences(sample.expect, seen(ran)) == [], ran.result.message
    assert (ran.result.message == "") == (ran.result.outcome is Outcome.PASSED)
    assert "\n" not in ran.result.message
    if ran.result.outcome not in UNSTARTED:
        nbformat.validate(nbformat.from_dict(ran.notebook))
