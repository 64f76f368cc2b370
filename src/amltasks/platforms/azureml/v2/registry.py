"""Models of a workspace through the SDK v2, and the runs that they come from."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from amltasks.errors import ServiceError, UserError
from amltasks.platforms.azureml.answers import answered, repeated
from amltasks.platforms.azureml.connection import Cloud, Workspace
from amltasks.platforms.azureml.logs import Logs
from amltasks.platforms.azureml.models import has_tags, is_called, number
from amltasks.platforms.azureml.service import there_are
from amltasks.platforms.azureml.v2.client import Client
from amltasks.platforms.azureml.v2.runs import RunHistory
from amltasks.platforms.registry import KEY, Metric, Model, NewModel
from amltasks.quoting import quoted

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_LONG_AGO = datetime.fromtimestamp(0, timezone.utc)
_LEFT = re.compile(r"azureml://jobs/(?P<run>[^/]+)/outputs/artifacts/paths/(?P<path>.+?)/?")
_KINDS = {"custom": "custom_model", "mlflow": "mlflow_model", "triton": "triton_model"}
_FRAMEWORK, _FRAMEWORK_VERSION, _RUN = "framework", "frameworkVersion", "run"  # properties, where v2 has no such fields


class RegistryV2(Client):
    """See `registry.Registry`."""

    def __init__(self, workspace: Workspace, credential: TokenCredential, cloud: Cloud) -> None:
        super().__init__(workspace, credential, cloud)
        self._history: RunHistory | None = None
        self._files = Logs()

    def open(self) -> None:
        self._history = RunHistory(self.tracking_uri(), self._credential, f"{self._cloud.resource_manager}.default")

    def versions(self, name: str, tags: Mapping[str, str] = {}) -> Iterator[Model]:
        names = [name] if name else repeated(self._all_names)
        return (each for one in names for each in self._all(one) if has_tags(each, tags))

    def get(self, name: str, version: str) -> Model | None:
        return repeated(lambda: self._version(name, version)) or next(
            (each for each in self._all(name) if is_called(each, version)), None
        )

    def register(self, model: NewModel) -> Model:
        def register() -> Model:
            known = next(iter(self.versions(model.name, {KEY: model.key})), None)  # of a try whose answer was lost
            return known or self._registered(model)

        return repeated(register)

    def tag(self, model: Model, tags: Mapping[str, str]) -> None:
        def tag() -> None:
            what = f"The model {model.id} could not be tagged"
            with answered(what):
                found = self._client.models.get(model.name, model.version)
                found.tags = {**(found.tags or {}), **tags}
                self._client.models.create_or_update(found)

        repeated(tag)

    def download(self, model: Model, folder: Path) -> Path:
        what = f"The model {model.id} could not be downloaded"

        def place() -> str:
            with answered(what):
                return str(self._client.models.get(model.name, model.version).path)

        def download() -> None:
            with answered(what), contextlib.redirect_stderr(io.StringIO()):
                try:
                    self._client.models.download(model.name, model.version, download_path=folder)
                except OSError as error:
                    raise ServiceError(f"{what}: {error}") from error

        left = _LEFT.fullmatch(repeated(place))
        if left is not None:  # the SDK knows datastores only
            return self.output(left["run"], left["path"], folder)
        repeated(download)
        found = sorted((folder / model.name).iterdir()) if (folder / model.name).is_dir() else []
        if len(found) != 1:
            raise ServiceError(f"{what}: its storage holds nothing of it.")
        return found[0]

    def metrics(self, run: str) -> tuple[Metric, ...]:
        assert self._history, "open comes first"
        history = self._history
        runs = [run]
        for each in runs:  # and theirs: those of steps of a pipeline, for example
            runs += repeated(lambda each=each: history.children(each))  # type: ignore[misc]
        return tuple(
            Metric(name=name, value=value, run=each)
            for each in runs
            for name, value in repeated(lambda each=each: history.metrics(each)).items()  # type: ignore[misc]
        )

    def output(self, run: str, path: str, folder: Path) -> Path:
        assert self._history, "open comes first"
        history, path = self._history, path.strip("/")
        found = repeated(lambda: history.addresses(run, path))
        if not found:
            return self._named_output(run, path, folder)
        target = folder / Path(path).name
        for name, address in found.items():
            inside = target / name[len(path) :].lstrip("/") if name != path else target
            inside.parent.mkdir(parents=True, exist_ok=True)
            with inside.open("wb") as file:
                for piece in self._files.pieces(address):
                    file.write(piece)
        return target

    def run_page(self, run: str) -> str:
        return f"{self._cloud.studio}runs/{quote(run)}?wsid={quote(self.workspace.path)}"

    def close(self) -> None:
        self._files.close()
        if self._history:
            self._history.close()

    def _all(self, name: str) -> list[Model]:
        """The newest first."""
        from azure.core.exceptions import ResourceNotFoundError

        def listed() -> list[Model]:
            with answered(f"The versions of the model {name} could not be listed"):
                try:
                    return [self._model(each) for each in self._client.models.list(name=name)]
                except ResourceNotFoundError:
                    return []

        return sorted(repeated(listed), key=lambda each: (each.created_at or _LONG_AGO, number(each)), reverse=True)

    def _all_names(self) -> list[str]:
        with answered("The models could not be listed"):
            return sorted(str(each.name) for each in self._client.models.list())

    def _version(self, name: str, version: str) -> Model | None:
        from azure.core.exceptions import ResourceNotFoundError

        with answered(f"The model {name}:{version} could not be looked for"):
            try:
                return self._model(self._client.models.get(name, version))
            except ResourceNotFoundError:
                return None

    def _registered(self, model: NewModel) -> Model:
        from azure.ai.ml.entities import Model as SdkModel

        told = {_FRAMEWORK: model.framework, _FRAMEWORK_VERSION: model.framework_version, _RUN: model.run}
        made = SdkModel(
            name=model.name,
            path=_place(model),
            type=_KINDS[model.kind],
            description=model.description or None,
            tags={**model.tags, KEY: model.key},
            properties={**{name: text for name, text in told.items() if text}, **model.properties},
            job_name=model.run or None,
        )
        what = f"The model {model.name} could not be registered"
        with answered(what), contextlib.redirect_stderr(io.StringIO()):  # of the progress that the SDK must show
            try:
                return self._model(self._client.models.create_or_update(made))
            except OSError as error:
                raise ServiceError(f"{what}: {error}") from error

    def _named_output(self, run: str, path: str, folder: Path) -> Path:
        """Of an output that the job has by name, or below one."""
        assert self._history, "open comes first"
        history = self._history
        name, _, below = path.partition("/")
        what = f"The output {name} of {run} could not be downloaded"

        def download() -> list[str]:
            with answered(what):
                outputs = sorted((self._client.jobs.get(run).outputs or {}).keys())
                if name in outputs:
                    self._client.jobs.download(run, download_path=folder, output_name=name)
                return outputs

        known = repeated(download)
        found = folder / "named-outputs" / name / below
        if not found.exists():
            left = [*(each for each in known if each != "default"), *repeated(lambda: history.files(run))]
            raise UserError(f"The run {run} has left nothing called {quoted(path)}{there_are(path, left)}")
        return found

    def _model(self, found: Any) -> Model:
        properties = {str(name): str(value) for name, value in (found.properties or {}).items()}
        context = found.creation_context
        model = Model(
            name=found.name,
            version=str(found.version),
            description=found.description or "",
            tags={str(name): str(value) for name, value in (found.tags or {}).items()},
            properties=properties,
            framework=properties.get(_FRAMEWORK, ""),
            stage=found.stage or "",
            run=found.job_name or properties.get(_RUN, ""),
            created_at=getattr(context, "created_at", None),
        )
        page = f"{self._cloud.studio}model/{quote(model.id, safe='')}/details?wsid={quote(self.workspace.path)}"
        return model.model_copy(update={"page": page})


def _place(model: NewModel) -> str:
    """What the service may take from the run itself is not sent a second time."""
    if model.run and model.output:
        return f"azureml://jobs/{model.run}/outputs/artifacts/paths/{model.output.strip('/')}"
    return str(model.path)
