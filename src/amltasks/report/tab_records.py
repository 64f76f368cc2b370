"""What the run's Notebooks tab reads: plain data, of which `scripts/tab_types.py` makes the tab's own types.

Times are aware UTC datetimes, durations seconds, sizes bytes. All texts are without secrets and of bounded length.
A reader refuses a version that it does not know; fields may be added within a version.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any, Literal

from amltasks.data import Data
from amltasks.report.checks import ChainLink, CheckOutcome, ComparedMetric, RolloutMove
from amltasks.report.model import ArtefactKind, CellOutcome, Origin, Outcome

TYPE = "amltasks.notebooks"  # of the attachments
INDEX = ".index.json"  # how their names end
PROGRESS = ".progress.json"
CHECKS = ".checks.json"
CHECKS_PROGRESS = ".checks-progress.json"
CELLS = ".cells.json"


class TabContext(Data):
    """Where these results come from. step: the task's reference name, or its instance's id. task: RunNotebookOnAML, …

    branch: as `refs/heads/main`. target_branch: of a pull request's build, the branch that it is to be merged into.
    """

    task: str = ""
    stage: str = ""
    job: str = ""
    attempt: int = 1
    step: str = ""
    branch: str = ""
    target_branch: str = ""
    commit: str = ""


class TabFile(Data):
    """A file of a result. attachment: its name among the attachments, empty where it was too large for one."""

    kind: ArtefactKind
    name: str
    attachment: str
    size: int
    note: str = ""


class TabState(str, Enum):
    """How far a result has come while its step still runs."""

    PLANNED = "planned"
    RUNNING = "running"
    FINISHED = "finished"


class TabFailure(Data):
    """The cell that decided the outcome. position: 0-based in the executed notebook. number: `[3]`, or empty.

    excerpt: the lines around the one that raised. first_line: of the excerpt in the cell, 1-based. line: the one that
    raised, 1-based in the cell, where the traceback says so. text: the last lines of the traceback.
    """

    position: int
    number: str = ""
    title: str = ""
    outcome: CellOutcome
    error_name: str = ""
    error_value: str = ""
    excerpt: str = ""
    first_line: int = 1
    line: int | None = None
    text: str = ""


class TabCounts(Data):
    """Code cells of a notebook: all that were to be executed, those that have been."""

    total: int = 0
    done: int = 0


class TabResult(Data):
    """One notebook with one parameter set, as the tab lists it. ok: whether the outcome is the expected one.

    outcome: None as long as it is not finished. current: the title of the cell that runs. parameters: as they are
    shown. scraps: numbers, truth values and short texts that the notebook recorded. studio: the address of the job's
    page, where it ran on Azure Machine Learning. record: the attachment with its cells. thumbnail: its last figure.
    """

    run_id: str
    title: str
    notebook: str
    parameter_set: str = ""
    parameters: dict[str, str] = {}
    state: TabState = TabState.FINISHED
    outcome: Outcome | None = None
    expected_outcome: Outcome = Outcome.PASSED
    ok: bool = False
    message: str = ""
    notes: tuple[str, ...] = ()
    started_at: datetime | None = None
    duration: float = 0.0
    peak_memory: int | None = None
    owner: str = ""
    environment: str = ""
    job: str = ""
    studio: str = ""
    reused_from: Origin | None = None
    cells: TabCounts = TabCounts()
    current: str = ""
    failure: TabFailure | None = None
    scraps: dict[str, float | bool | str] = {}
    record: str = ""
    thumbnail: TabFile | None = None
    files: tuple[TabFile, ...] = ()


class TabIndex(Data):
    """The results of one step. finished_at: None while it runs.

    number: grows from one state to the next, also when the agent tries the step again: the greatest one counts, were it
    of a progress beside an index of an earlier try.
    problems: what could not be published, a sentence each. notes: what else a person should know.
    """

    version: Literal[1] = 1
    number: int = 0
    context: TabContext
    title: str
    started_at: datetime
    finished_at: datetime | None = None
    cancelled: bool = False
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    results: tuple[TabResult, ...]


class OutputKind(str, Enum):
    TEXT = "text"  # a stream, or the plain text of a result
    ERROR = "error"
    IMAGE = "image"
    OTHER = "other"  # what has neither a text nor a picture: only its digest is compared


class RecordedOutput(Data):
    """An output, as far as it is compared. digest: of the whole, so that what is cut is known to differ.

    name: the stream's or the error's. cut: how many characters are left out of the text. image: base64, empty where
    the picture is too large or no PNG, JPEG, GIF or WebP; mime: of what the digest is.
    """

    kind: OutputKind
    name: str = ""
    text: str = ""
    cut: int = 0
    mime: str = ""
    image: str = ""
    digest: str = ""


class CellKind(str, Enum):
    CODE = "code"
    MARKDOWN = "markdown"
    RAW = "raw"


class RecordedCell(Data):
    """A cell. id: nbformat's, empty in old notebooks. position: 0-based in the executed notebook."""

    position: int
    id: str = ""
    kind: CellKind
    number: str = ""
    heading: str = ""  # the cell's first, with its marks: `## Load`
    source: str = ""
    cut: int = 0
    outcome: CellOutcome | None = None
    started_at: datetime | None = None
    duration: float | None = None
    outputs: tuple[RecordedOutput, ...] = ()


class CellsRecord(Data):
    """What a notebook's cells held, bounded, for the comparison with another run. note: what was left out, and why."""

    version: Literal[1] = 1
    run_id: str
    note: str = ""
    cells: tuple[RecordedCell, ...]


class TabCheck(Data):
    """A gate's rule, a request of a smoke test, a step of a rollout. files: attachments, as those of results."""

    name: str
    group: str
    outcome: CheckOutcome
    message: str = ""
    details: str = ""
    started_at: datetime | None = None
    duration: float = 0.0
    files: tuple[TabFile, ...] = ()


class TabChecks(Data):
    """What a step that registers, deploys or tests a model has looked at. verdict: one sentence.

    finished_at: None while it runs; number: grows from one state to the next; current: what is done now.
    metrics: of a gate. rollout: the moves in their order; deployments: what each serves, `name:version`. chain: how the
    model came to be, the oldest first. facts: name → value: model, endpoint, …
    """

    version: Literal[1] = 1
    number: int = 0
    context: TabContext
    title: str
    verdict: str = ""
    started_at: datetime
    finished_at: datetime | None = None
    cancelled: bool = False
    current: str = ""
    checks: tuple[TabCheck, ...] = ()
    metrics: tuple[ComparedMetric, ...] = ()
    rollout: tuple[RolloutMove, ...] = ()
    deployments: dict[str, str] = {}
    chain: tuple[ChainLink, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    facts: dict[str, str] = {}


class TabAttachments(Data):
    """Every kind of file that the tab parses, for whoever makes types of them."""

    index: TabIndex
    cells: CellsRecord
    checks: TabChecks

    @classmethod
    def shape(cls) -> dict[str, Any]:
        """The JSON schema."""
        return cls.model_json_schema(mode="serialization", by_alias=True)
