"""Models of a workspace through the SDK v1, and the runs that they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from amltasks.errors import ServiceError, UserError
from amltasks.platforms.azureml.answers import repeated
from amltasks.platforms.azureml.models import STAGE, has_tags, is_called, number
from amltasks.platforms.azureml.service import there_are
from amltasks.platforms.azureml.v1.answers import answered, status_of
from amltasks.platforms.azureml.v1.client import Client, last_numbers
from amltasks.platforms.registry import KEY, Metric, Model, NewModel
from amltasks.quoting import quoted

if TYPE_CHECKING:
    import azureml.core as sdk

_KIND = "kind"  # property: what the SDK v1 has no field for


class RegistryV1(Client):
    """See `registry.Registry`."""

    def versions(self, name: str, tags: Mapping[str, str] = {}) -> Iterator[Model]:
        from azureml.core import Model as SdkModel

        def listed() -> list[Model]:
            # The values of tags go into one text with commas between them: those are looked at here.
            return [
                self._model(each)
                for each in SdkModel.list(self._workspace, name=name or None, tags=list(tags) or None, expand=False)
            ]

        found = self._asked(f"The versions of the model {name} could not be listed", listed)
        newest_first = sorted(found, key=number, reverse=True)
        return iter(sorted((each for each in newest_first if has_tags(each, tags)), key=lambda each: each.name))

    def get(self, name: str, version: str) -> Model | None:
        if not version.isdecimal():
            return next((each for each in self.versions(name) if is_called(each, version)), None)
        found = self._asked(f"The model {name}:{version} could not be looked for", lambda: self._found(name, version))
        return self._model(found) if found else None

    def register(self, model: NewModel) -> Model:
        def register() -> None:
            if not self._with_key(model):
                self._register(model)

        repeated(register)
        first, *again = self._with_key(model)
        for other in again:  # the SDK itself asks again when an answer is lost
            self._delete(other)
        return first

    def tag(self, model: Model, tags: Mapping[str, str]) -> None:
        what = f"The model {model.id} could not be tagged"

        def tag() -> None:
            found = self._existing(what, model)
            # The SDK prints what it replaces: of what it does not know it says nothing.
            found.tags = {name: value for name, value in (found.tags or {}).items() if name not in tags}
            found.update_tags_properties(add_tags=dict(tags))

        self._asked(what, tag)

    def download(self, model: Model, folder: Path) -> Path:
        what = f"The model {model.id} could not be downloaded"

        def download() -> None:
            try:
                self._existing(what, model).download(str(folder), exist_ok=True)
            except OSError as error:
                raise ServiceError(f"{what}: {error}") from error

        self._asked(what, download)
        found = sorted(folder.iterdir())
        return found[0] if len(found) == 1 else folder

    def metrics(self, run: str) -> tuple[Metric, ...]:
        what = f"The metrics of {run} could not be read"
        logged: dict[str, dict[str, Any]] = self._asked_run(run, what, lambda found: found.get_metrics(recursive=True))
        own_first = sorted(logged, key=lambda each: each != run)
        return tuple(
            Metric(name=name, value=value, run=each)
            for each in own_first
            for name, value in last_numbers(logged[each]).items()
        )

    def output(self, run: str, path: str, folder: Path) -> Path:
        what, path = f"What the run {run} has left could not be downloaded", path.strip("/")
        known: list[str] = self._asked_run(run, what, lambda found: list(found.get_file_names()))
        wanted = [name for name in known if name == path or name.startswith(f"{path}/")]
        if not wanted:
            raise UserError(f"The run {run} has left nothing called {quoted(path)}{there_are(path, known)}")
        target = folder / Path(path).name
        for name in wanted:
            self._asked_run(run, what, lambda found, name=name: _fetch(found, name, target, path))  # type: ignore[misc]
        return target

    def run_page(self, run: str) -> str:
        return f"{self._cloud.studio}runs/{quote(run)}?wsid={quote(self.workspace.path)}"

    def _with_key(self, model: NewModel) -> list[Model]:
        """What the same step has registered, in this try or another; the oldest first."""
        return sorted(self.versions(model.name, {KEY: model.key}), key=number)

    def _delete(self, model: Model) -> None:
        def delete() -> None:
            found = self._found(model.name, model.version)
            if found:
                found.delete()

        self._asked(f"The model {model.id}, registered twice, could not be deleted", delete)

    def _found(self, name: str, version: str) -> sdk.Model | None:
        from azureml.core import Model as SdkModel

        try:
            return SdkModel(self._workspace, id=f"{name}:{version}", expand=False)
        except Exception as error:
            if status_of(error) != HTTPStatus.NOT_FOUND:
                raise
            return None

    def _existing(self, what: str, model: Model) -> sdk.Model:
        found = self._found(model.name, model.version)
        if found is None:
            raise UserError(f"{what}: it is not there any more.")
        return found

    def _register(self, model: NewModel) -> None:
        kind = {} if model.kind == "custom" else {_KIND: model.kind}
        told = {
            "tags": {**model.tags, KEY: model.key},
            "properties": {**kind, **model.properties},
            "description": model.description or None,
            "model_framework": model.framework or None,
            "model_framework_version": model.framework_version or None if model.framework else None,
        }
        what = f"The model {model.name} could not be registered"
        run = self._run(model.run) if model.run else None
        with answered(what):
            try:
                if run is not None and model.output:
                    run.register_model(model.name, model.output.strip("/"), **told)
                else:
                    self._upload(model, run, told)
            except OSError as error:
                raise ServiceError(f"{what}: {error}") from error

    def _upload(self, model: NewModel, run: sdk.Run | None, told: dict[str, Any]) -> None:
        """As `Model.register` does it, which takes only what lies below the working directory, and no run."""
        from azureml.core import Model as SdkModel

        asset = SdkModel._create_asset(self._workspace.service_context, str(model.path.absolute()), model.name)
        comes_from = {} if run is None else {"run_id": run.id, "experiment_name": run.experiment.name}
        SdkModel._register_with_asset(self._workspace, model.name, asset.id, **comes_from, **told)

    def _model(self, found: sdk.Model) -> Model:
        tags = {str(name): str(value) for name, value in (found.tags or {}).items()}
        model = Model(
            name=found.name,
            version=str(found.version),
            description=found.description or "",
            tags=tags,
            properties={str(name): str(value) for name, value in (found.properties or {}).items()},
            framework=found.model_framework or "",
            stage=tags.get(STAGE, ""),
            run=found.run_id or "",
            created_at=found.created_time,
        )
        page = f"{self._cloud.studio}model/{quote(model.id, safe='')}/details?wsid={quote(self.workspace.path)}"
        return model.model_copy(update={"page": page})


def _fetch(run: sdk.Run, name: str, target: Path, path: str) -> None:
    """target: where the whole of `path` goes, of which `name` is a file, or is it."""
    inside = target / name[len(path) :].lstrip("/") if name != path else target
    inside.parent.mkdir(parents=True, exist_ok=True)
    try:
        run.download_file(name, str(inside))
    except OSError as error:
        raise ServiceError(f"What the run {run.id} has left could not be downloaded: {error}") from error
