"""The shapes of the test area, with the members that are played. Names are Microsoft's; times are UTC."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from sandbox.store import Document
from sandbox.wire import Flag, Integer, Number, Text, Time, Wire, one_of

CREATE_STATES = ("NotStarted", "InProgress", "Waiting")
UPDATE_STATES = (*CREATE_STATES, "Completed", "Aborted")
OUTCOMES = (
    *("Unspecified", "None", "Passed", "Failed", "Inconclusive", "Timeout", "Aborted", "Blocked", "NotExecuted"),
    *("Warning", "Error", "NotApplicable", "Paused", "InProgress", "NotImpacted"),
)

CreateState = Annotated[str, one_of(*CREATE_STATES)]
UpdateState = Annotated[str, one_of(*UPDATE_STATES)]
RunState = Annotated[str, one_of("Unspecified", *UPDATE_STATES, "NeedsInvestigation")]
Outcome = Annotated[str, one_of(*OUTCOMES)]
GroupType = Annotated[str, one_of("none", "rerun", "dataDriven", "orderedTest", "generic")]
Substate = Annotated[
    str,
    one_of(
        *("none", "creatingEnvironment", "runningTests", "canceledByUser", "abortedBySystem", "timedOut"),
        *("pendingAnalysis", "analyzed", "cancellationInProgress"),
    ),
]
AttachmentType = Annotated[
    str,
    one_of(
        *("GeneralAttachment", "AfnStrip", "BugFilingData", "CodeCoverage", "IntermediateCollectorData", "RunConfig"),
        *("TestImpactDetails", "TmiTestRunDeploymentFiles", "TmiTestRunReverseDeploymentFiles", "TmiTestResultDetail"),
        *("TmiTestRunSummary", "ConsoleLog"),
    ),
]
Name256 = Annotated[str, Field(strict=True, min_length=1, max_length=256)]


class ShallowReference(Wire):
    id: Text | None = None
    name: Text | None = None
    url: Text | None = None


class Identity(Wire):
    id: Text | None = None
    display_name: Text | None = None
    unique_name: Text | None = None
    directory_alias: Text | None = None
    url: Text | None = None


class Tag(Wire):
    name: Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9]{1,29}$")]


class CustomField(Wire):
    field_name: Text
    value: Any = None


class StageReference(Wire):
    stage_name: Name256
    attempt: Integer = 1


class PhaseReference(Wire):
    phase_name: Name256
    attempt: Integer = 1


class JobReference(Wire):
    job_name: Name256
    attempt: Integer = 1


class PipelineReference(Wire):
    """pipeline_id: the build's id, not its definition's."""

    pipeline_id: Integer
    stage_reference: StageReference | None = None
    phase_reference: PhaseReference | None = None
    job_reference: JobReference | None = None


class BuildConfiguration(Wire):
    branch_name: Text | None = None
    target_branch_name: Text | None = None
    flavor: Text | None = None
    platform: Text | None = None
    build_system: Text | None = None


class RunCreate(Wire):
    name: Name256
    automated: Flag = False
    state: CreateState = "NotStarted"
    start_date: Time | None = None
    complete_date: Time | None = None
    build: ShallowReference | None = None
    build_flavor: Text | None = None
    build_platform: Text | None = None
    build_reference: BuildConfiguration | None = None
    pipeline_reference: PipelineReference | None = None
    custom_test_fields: tuple[CustomField, ...] = ()
    tags: Annotated[tuple[Tag, ...], Field(max_length=5)] = ()
    comment: Text | None = None
    error_message: Text | None = None
    owner: Identity | None = None
    type: Text | None = None
    controller: Text | None = None


class RunUpdate(Wire):
    name: Name256 | None = None
    state: UpdateState | None = None
    substate: Substate | None = None
    started_date: Time | None = None
    completed_date: Time | None = None
    comment: Text | None = None
    error_message: Text | None = None
    delete_in_progress_results: Flag = False
    tags: Annotated[tuple[Tag, ...], Field(max_length=5)] | None = None
    build_flavor: Text | None = None
    build_platform: Text | None = None
    controller: Text | None = None


class Run(Document):
    """A run as it is kept."""

    id: int
    request: RunCreate
    state: str
    substate: str = "none"
    started: Time | None = None
    completed: Time | None = None
    created: Time
    updated: Time
    updated_by: str
    revision: int = 1


class SubResult(Wire):
    """id is given by the service; parentId and sequenceId order what a client sends flat."""

    id: Integer | None = None
    display_name: Text | None = None
    outcome: Outcome | None = None
    duration_in_ms: Integer | None = None
    error_message: Text | None = None
    stack_trace: Text | None = None
    comment: Annotated[str, Field(strict=True, max_length=1000)] | None = None
    computer_name: Text | None = None
    started_date: Time | None = None
    completed_date: Time | None = None
    last_updated_date: Time | None = None
    parent_id: Integer | None = None
    sequence_id: Integer | None = None
    result_group_type: GroupType | None = None
    custom_fields: tuple[CustomField, ...] = ()
    sub_results: tuple[SubResult, ...] = ()


class Result(Wire):
    """A TestCaseResult, as it is sent, kept and answered."""

    id: Integer | None = None
    test_case_title: Text | None = None
    automated_test_name: Text | None = None
    automated_test_storage: Text | None = None
    automated_test_type: Text | None = None
    automated_test_type_id: Text | None = None
    automated_test_id: Text | None = None
    outcome: Outcome | None = None
    state: RunState | None = None
    started_date: Time | None = None
    completed_date: Time | None = None
    created_date: Time | None = None
    last_updated_date: Time | None = None
    duration_in_ms: Number | None = None
    error_message: Text | None = None
    stack_trace: Text | None = None
    comment: Annotated[str, Field(strict=True, max_length=1000)] | None = None
    computer_name: Text | None = None
    owner: Identity | None = None
    run_by: Identity | None = None
    priority: Integer | None = None
    failure_type: Text | None = None
    resolution_state: Text | None = None
    result_group_type: GroupType | None = None
    sub_results: tuple[SubResult, ...] = ()
    custom_fields: tuple[CustomField, ...] = ()
    revision: Integer | None = None


class AttachmentRequest(Wire):
    """stream: the content in base64."""

    stream: Text
    file_name: Annotated[str, Field(strict=True, pattern=r'^[^<>:"/\\|?*\x00-\x1f]{1,260}$')]
    comment: Text | None = None
    attachment_type: AttachmentType = "GeneralAttachment"


class Attachment(Document):
    """result_id, sub_result_id: 0 where the attachment belongs to the run, or to the result itself."""

    id: int
    result_id: int = 0
    sub_result_id: int = 0
    file_name: str
    comment: str | None = None
    type: str
    size: int
    created: Time
