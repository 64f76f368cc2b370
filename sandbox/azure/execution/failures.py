"""What Azure ML says of a run that failed: codes and messages as the service has them, where they are known."""

from __future__ import annotations

from sandbox.azure.execution.logs import BUILD_LOG, JOB_LOG
from sandbox.azure.history.state import RunError

_TAIL = 1000  # characters of its log that the message has


def build_failed() -> RunError:
    form = "Image build failed. For more details, check log file {ArtifactPath}."
    return RunError(
        code="UserError",
        message=form.format(ArtifactPath=BUILD_LOG),
        form=form,
        values={"ArtifactPath": BUILD_LOG},
        inner=("BadArgument", "ImageBuildFailure"),
    )


def command_failed(code: int, log_end: str) -> RunError:
    said = " ".join(log_end.split())[-_TAIL:]
    return RunError(
        code="UserError",
        message=f"Execution failed. User process 'bash' exited with status code {code}. Please check log file "
        f"'{JOB_LOG}' for error details. Error: {said}",
        inner=("BadArgument", "ExecutionFailed"),
    )


def cluster_gone(name: str) -> RunError:
    return RunError(code="UserError", message=f"AzureMLCompute cluster {name} does not exist")


def data_missing(reason: str) -> RunError:
    return RunError(
        code="UserError",
        message=f"Failed to prepare the data of the job: {reason}",
        inner=("BadArgument", "DataCapabilityFailure"),
    )


def preempted(name: str) -> RunError:
    return RunError(
        code="UserError",
        message=f"The node of the job on the compute {name} was preempted.",
        inner=("JobPreempted",),
    )


def sandbox_ended() -> RunError:
    return RunError(code="ServiceError", message="The sandbox, and with it the node, had ended before the job did.")


def of_service(reason: str) -> RunError:
    return RunError(code="ServiceError", message=f"The sandbox failed: {reason}")
