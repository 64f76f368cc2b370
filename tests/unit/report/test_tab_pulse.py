"""How the tab follows a step that runs: states of it in files of their own, seldom enough."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from amltasks.platforms.base import (
    CellFinished,
    CellStarted,
    KernelStarted,
    Note,
    NotebookRun,
    OutputText,
    Progress,
    RunEvent,
)
from amltasks.report.model import CellOutcome, CellResult, NotebookResult, Report
from amltasks.report.tab import TabFiles
from amltasks.report.tab_names import Attachment
from amltasks.report.tab_pulse import LONGEST, Pulse, pause_after
from amltasks.report.tab_records import INDEX, PROGRESS, CellsRecord, TabContext, TabIndex, TabState

CONTEXT = TabContext(stage="Build", job="Notebooks", step="checks")
CELL = CellResult(index=0, position=0, title="fit()", outcome=CellOutcome.PASSED)
LONG_WAIT = 60.0  # seconds for what is certain to come


class Agent:
    """Has the files of what it is told to attach as they are then, as the real one reads them."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.contents: dict[str, bytes] = {}
        self._news = threading.Condition()

    def attach(self, attachments: Sequence[Attachment]) -> None:
        with self._news:
            for attachment in attachments:
                self.names.append(attachment.name)
                self.contents[attachment.name] = attachment.path.read_bytes()
            self._news.notify_all()

    def indices(self, ending: str) -> list[TabIndex]:
        return [TabIndex.model_validate_json(self.contents[name]) for name in self.names if name.endswith(ending)]

    def waits_for(self, reached: Callable[[TabIndex], bool]) -> TabIndex:
        """The last state that was attached, once that is so."""
        with self._news:
            assert self._news.wait_for(lambda: any(map(reached, self.indices(PROGRESS))), LONG_WAIT)
            return self.indices(PROGRESS)[-1]


def newer_than(number: int) -> Callable[[TabIndex], bool]:
    return lambda index: index.number > number


@pytest.fixture
def agent() -> Agent:
    return Agent()


@pytest.fixture
def tab(agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TabFiles:
    """One that need not wait between two states."""
    monkeypatch.setattr("amltasks.report.tab_pulse.SHORTEST", 0.0)
    monkeypatch.setattr("amltasks.report.tab_pulse.LONGEST", 0.0)
    return TabFiles(tmp_path, CONTEXT, agent.attach)


@pytest.fixture
def run(passed: NotebookResult, tmp_path: Path) -> NotebookRun:
    return NotebookRun(
        run_id=passed.run_id,
        source=tmp_path,
        notebook=passed.notebook,
        working_directory=tmp_path,
        folder=tmp_path / passed.run_id,
    )


def ended(report: Report, *results: NotebookResult) -> Report:
    return report.model_copy(update={"results": results})


def test_a_run_is_planned_then_runs_cell_by_cell_then_has_ended_with_its_files(
    tab: TabFiles, agent: Agent, run: NotebookRun, passed: NotebookResult, report: Report
) -> None:
    tab.begin("Notebooks of main", [run])
    begun = agent.waits_for(lambda index: True)
    tab.event(run, KernelStarted(kernel="python3", cells=2))
    tab.event(run, CellStarted(position=0, number=1, title="fit()"))
    running = agent.waits_for(lambda index: index.results[0].current == "fit()")
    tab.event(run, CellFinished(number=1, cell=CELL))
    further = agent.waits_for(lambda index: index.results[0].cells.done == 1)
    tab.look(passed, {"cells": [{"cell_type": "code", "source": "1"}]})
    tab.finished(run, passed)
    over = agent.waits_for(lambda index: index.results[0].state is TabState.FINISHED)
    tab.complete(ended(report, passed))

    assert (begun.title, begun.finished_at, begun.results[0].state) == ("Notebooks of main", None, TabState.PLANNED)
    assert (running.results[0].state, running.results[0].cells.total) == (TabState.RUNNING, 2)
    assert running.results[0].started_at is not None
    assert further.results[0].outcome is None
    assert over.finished_at is None
    (last,) = agent.indices(INDEX)
    assert last.results == over.results
    assert CellsRecord.model_validate_json(agent.contents[last.results[0].record]).cells[0].source == "1"
    numbers = [index.number for index in agent.indices(PROGRESS)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert last.number == len(numbers) + 1
    assert agent.names[-1].endswith(INDEX)


def test_an_index_names_only_what_was_attached_before_it(
    tab: TabFiles, agent: Agent, run: NotebookRun, passed: NotebookResult, report: Report
) -> None:
    tab.begin("Notebooks", [run])
    tab.look(passed, {"cells": []})
    tab.finished(run, passed)
    tab.complete(ended(report, passed))

    for position, name in enumerate(agent.names):
        if name.endswith((INDEX, PROGRESS)):
            index = TabIndex.model_validate_json(agent.contents[name])
            named = [file.attachment for result in index.results for file in result.files]
            named += [result.record for result in index.results if result.record]
            assert set(named) <= set(agent.names[:position])
    assert len(agent.names) == len(set(agent.names))


@pytest.mark.parametrize(
    "event", [OutputText(text="much"), Note(text="a word"), Progress(text="", page="javascript:alert(1)")]
)
def test_what_a_table_does_not_show_is_no_news(
    event: RunEvent, tab: TabFiles, agent: Agent, run: NotebookRun, report: Report
) -> None:
    tab.begin("Notebooks", [run])
    agent.waits_for(lambda index: True)

    tab.event(run, event)
    tab.complete(report.model_copy(update={"results": ()}))

    assert all(index.results[0].current == "" for index in agent.indices(PROGRESS))


def test_a_job_on_azure_ml_is_shown_with_its_page_before_its_cells(
    tab: TabFiles, agent: Agent, run: NotebookRun
) -> None:
    page = "https://ml.azure.com/runs/nb-1?wsid=/subscriptions/x"
    tab.begin("Notebooks", [run])

    tab.event(run, Progress(text=page, page=page))
    tab.event(run, Progress(text="Azure ML: waiting for a node"))

    shown = agent.waits_for(lambda index: index.results[0].current != "").results[0]
    assert (shown.studio, shown.current, shown.state) == (page, "Azure ML: waiting for a node", TabState.RUNNING)


def test_a_second_try_of_the_step_goes_on_counting(
    agent: Agent, run: NotebookRun, passed: NotebookResult, report: Report, tmp_path: Path
) -> None:
    """As the agent keeps what the first one has attached."""
    last = 0
    for _ in range(2):
        tab = TabFiles(tmp_path, CONTEXT, agent.attach)
        tab.begin("Notebooks", [run])
        last = agent.waits_for(newer_than(last)).number
        tab.finished(run, passed)
        tab.complete(ended(report, passed))

    names = [name for name in agent.names if name.endswith(PROGRESS)]
    assert len(names) == len(set(names)) >= 2
    assert agent.indices(INDEX)[-1].number > max(index.number for index in agent.indices(PROGRESS))


def test_a_disk_that_refuses_is_a_problem_and_no_loss(
    agent: Agent, run: NotebookRun, passed: NotebookResult, report: Report, tmp_path: Path
) -> None:
    (tmp_path / "tab").write_text("no folder")
    tab = TabFiles(tmp_path, CONTEXT, agent.attach)

    tab.begin("Notebooks", [run])
    tab.finished(run, passed)
    with pytest.raises(OSError, match="tab"):
        tab.complete(ended(report, passed))

    assert len(tab.problems()) <= 1


def test_what_the_service_publishers_could_not_do_is_in_the_last_index(
    tab: TabFiles, agent: Agent, passed: NotebookResult, report: Report
) -> None:
    whole = ended(report, passed)
    tab.complete(whole)
    tab.amend(whole.model_copy(update={"problems": ("Not in the test run: train.ipynb.",)}))

    assert agent.indices(INDEX)[-1].problems == ("Not in the test run: train.ipynb.",)


def test_an_hour_is_told_sixty_times_and_a_day_thirty_times_an_hour() -> None:
    moments = [0.0]
    while moments[-1] < 24 * 3600:
        moments.append(moments[-1] + pause_after(moments[-1], 20_000))

    assert 40 <= sum(moment < 3600 for moment in moments) <= 60
    assert len(moments) < 24 * 31 + 40
    assert all(later - earlier >= 10 for earlier, later in pairwise(moments))
    assert pause_after(0, 5_000_000) > 30
    assert pause_after(0, 10**9) == LONGEST


def test_what_changes_while_a_state_is_told_is_told_the_next_time() -> None:
    told: list[int] = []
    heard = threading.Semaphore(0)
    seen = [0]

    def tell() -> int:
        told.append(seen[0])
        heard.release()
        return 0

    pulse = Pulse(tell, lambda seconds, size: 0.0)
    pulse.begin()
    for number in range(1, 4):
        assert heard.acquire(timeout=LONG_WAIT)
        seen[0] = number
        pulse.changed()
    assert heard.acquire(timeout=LONG_WAIT)
    pulse.end()

    assert told == [0, 1, 2, 3]
