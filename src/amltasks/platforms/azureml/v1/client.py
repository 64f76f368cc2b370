"""A workspace through the SDK v1: signed in, looked up; what runs, models and services have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from amltasks.errors import UserError
from amltasks.platforms.azureml.answers import repeated
from amltasks.platforms.azureml.connection import Cloud, Workspace
from amltasks.platforms.azureml.service import there_are
from amltasks.platforms.azureml.v1.answers import answered, status_of
from amltasks.platforms.azureml.v1.authentication import authentication
from amltasks.platforms.azureml.v1.bounds import make_ready
from amltasks.quoting import quoted

if TYPE_CHECKING:
    import azureml.core as sdk
    from azure.core.credentials import TokenCredential

Answer = TypeVar("Answer")


class Client:
    """Of one workspace."""

    def __init__(self, workspace: Workspace, credential: TokenCredential, cloud: Cloud) -> None:
        self.workspace = workspace
        self._credential = credential
        self._cloud = cloud
        self._runs: dict[str, sdk.Run] = {}

    def open(self) -> None:
        """Comes first. Raises UserError where there is no such workspace, or no right to see it."""
        make_ready()
        self._workspace = repeated(self._opened)

    def _opened(self) -> sdk.Workspace:
        from azureml.core import Workspace as SdkWorkspace

        place = self.workspace
        group = {"subscription_id": place.subscription, "resource_group": place.resource_group}
        signed_in = authentication(self._credential, self._cloud)
        with answered(f"The workspace {place.name} cannot be used"):
            try:
                return SdkWorkspace.get(place.name, auth=signed_in, cloud=self._cloud.name, **group)
            except Exception as error:
                if status_of(error) != HTTPStatus.NOT_FOUND:
                    raise
            known = sorted(SdkWorkspace.list(auth=signed_in, **group))
        raise UserError(
            f"There is no workspace {quoted(place.name)} in the resource group {quoted(place.resource_group)}"
            f"{there_are(place.name, known)}"
        )

    def check_compute(self, name: str) -> None:
        """Raises UserError, with the names that there are, where there is no such compute."""
        from azureml.core import ComputeTarget

        names = self._asked(
            f"The compute {name} cannot be used",
            lambda: sorted(target.name for target in ComputeTarget.list(self._workspace)),
        )
        if name not in names:
            where = f"in the workspace {self.workspace.name}"
            raise UserError(f"compute: {quoted(name)} is not {where}{there_are(name, names)}")

    def close(self) -> None:
        """Nothing is kept open."""

    def _asked(self, what: str, question: Callable[[], Answer]) -> Answer:
        """What a question answers that may be asked twice. what: see `answered`."""

        def ask() -> Answer:
            with answered(what):
                return question()

        return repeated(ask)

    def _asked_run(self, name: str, what: str, question: Callable[[sdk.Run], Answer]) -> Answer:
        """The same of a run. Raises UserError where there is none of that name."""

        def ask() -> Answer:
            run = self._run(name)
            if run is None:
                raise UserError(f"{what}: there is no such run.")
            with answered(what):
                return question(run)

        return repeated(ask)

    def _run(self, name: str) -> sdk.Run | None:
        """The run of that name, if there is one, as it was when it was first asked for."""
        from azureml.core import Run

        if name not in self._runs:
            with answered(f"The job {name} could not be looked for"):
                try:
                    self._runs[name] = Run.get(self._workspace, name)
                except Exception as error:
                    if status_of(error) != HTTPStatus.NOT_FOUND:
                        raise
                    return None
        return self._runs[name]


def last_numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Of each metric that is a number, or a list of such, the last."""
    last = {name: value[-1] if isinstance(value, list) and value else value for name, value in values.items()}
    return {name: float(value) for name, value in last.items() if isinstance(value, (int, float))}
