"""The tasks that come with the agent: those that examples and pipelines of this kind need, one module a subject."""

from __future__ import annotations

from sandbox.agent.inbox import artifacts, cache, checkout, python_version, scripts, test_results
from sandbox.agent.tasks import TaskDefinition

TASKS: tuple[TaskDefinition, ...] = (
    *checkout.TASKS,
    *scripts.TASKS,
    *python_version.TASKS,
    *test_results.TASKS,
    *artifacts.TASKS,
    *cache.TASKS,
)
