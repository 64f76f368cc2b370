"""What the orchestrator refuses."""

from __future__ import annotations

from sandbox.wire import ServiceError


def plan_not_found(plan_id: str) -> ServiceError:
    return ServiceError(404, "TaskOrchestrationPlanNotFoundException", f"No plan found for identifier {plan_id}.")


def hub_not_found(name: str) -> ServiceError:
    return ServiceError(404, "TaskHubNotFoundException", f"There is no task hub {name!r}; the sandbox has build.")


def connection_not_found(connection: str) -> ServiceError:
    return ServiceError(
        404,
        "ServiceEndpointNotFoundException",
        f"Service connection with id {connection} cannot be found, or the job may not use it.",
    )


def already_completed(task_id: str) -> ServiceError:
    return ServiceError(409, "TaskOrchestrationJobCompletedException", f"Task {task_id} is already completed.")


def invalid(message: str) -> ServiceError:
    return ServiceError(400, "InvalidTaskOrchestratorEventException", message)
