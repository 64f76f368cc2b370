"""A failed test's details show its notebook: from the results of its run, else from its own attachments."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from amltasks.report.model import Outcome
from sandbox.devops.test.models import (
    JobReference,
    PipelineReference,
    Result,
    RunCreate,
    ShallowReference,
    StageReference,
)
from tests.tab.builds import IDENTITY, Recorded, Site
from tests.tab.conftest import Opened
from tests.tab.recorded import index, result

pytestmark = pytest.mark.xdist_group("tab")


def published(
    site: Site, recorded: Recorded, name: str, kind: str = "Jupyter", attempt: int = 1, **files: bytes
) -> str:
    """The address of the tab of a test result, which the build has published. files: name (_ for .) → content."""
    tests = site.world.tests
    job = JobReference(job_name="linux", attempt=attempt)
    pipeline = PipelineReference(
        pipeline_id=recorded.build.id, stage_reference=StageReference(stage_name="Test"), job_reference=job
    )
    build = ShallowReference(id=str(recorded.build.id))
    request = RunCreate(name="Notebooks", automated=True, state="InProgress", build=build, pipeline_reference=pipeline)
    run = tests.create(request, "me")
    test = Result(
        test_case_title=name,
        automated_test_name=name,
        automated_test_storage=name,
        automated_test_type=kind,
        outcome="Failed",
        error_message="Cell [3]: KeyError: 'price'",
    )
    [added] = tests.add_results(run.id, [test], "me")
    assert added.id is not None
    for file, content in files.items():
        file_name = file.replace("_", ".")
        tests.attach(run.id, content, file_name=file_name, type="GeneralAttachment", comment=None, result_id=added.id)
    return f"{site.server.base_url}/runs/{run.id}/results/{added.id}/tabs/{IDENTITY}.notebook-test-tab"


def test_it_is_the_one_notebook_in_the_attempt_of_the_test(site: Site, opened: Opened) -> None:
    first = result("two.ipynb", Outcome.FAILED, message="This was the first attempt.")
    second = result("two.ipynb", Outcome.FAILED, message="This is the second attempt.")
    recorded = site.finished(index([result("one.ipynb"), first]), index([second], attempt=2))
    tab = opened(published(site, recorded, "two.ipynb"))
    expect(tab.get_by_role("heading", name="two.ipynb")).to_be_visible()
    expect(tab.get_by_text("This was the first attempt.")).to_be_visible()
    expect(tab.get_by_role("table")).to_have_count(0)
    tab = opened(published(site, recorded, "two.ipynb", attempt=2))
    expect(tab.get_by_text("This is the second attempt.")).to_be_visible()


def test_its_own_attachments_do_where_the_run_has_no_results(site: Site, opened: Opened) -> None:
    recorded = site.finished()
    page = b"<!DOCTYPE html><title>x</title><h1>The executed notebook</h1>"
    tab = opened(published(site, recorded, "alone.ipynb", alone_html=page))
    expect(tab.get_by_role("heading", name="alone.ipynb")).to_be_visible()
    expect(tab.frame_locator("iframe").get_by_role("heading", name="The executed notebook")).to_be_visible()


def test_other_tests_are_left_alone(site: Site, opened: Opened) -> None:
    tab = opened(published(site, site.finished(), "Acme.Tests.Adds", kind="UnitTest"))
    expect(tab.get_by_text("This test is not a notebook of Azure ML Tasks")).to_be_visible()
