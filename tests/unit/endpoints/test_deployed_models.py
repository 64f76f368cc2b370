"""Which model is deployed, however it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from amltasks.commands.deployed_models import find_models
from amltasks.errors import UserError
from amltasks.models.metadata import ModelMetadata, write_metadata
from amltasks.platforms.local.registry import LocalRegistry
from amltasks.platforms.registry import NewModel


@pytest.fixture
def registry(tmp_path: Path) -> LocalRegistry:
    """Three versions, of which the second is called champion."""
    (tmp_path / "weights").write_text("1")
    registry = LocalRegistry(tmp_path)
    for key in "123":
        tags = {"alias": "champion"} if key == "2" else {}
        registry.register(NewModel(name="m", path=tmp_path / "weights", key=key, tags=tags))
    return registry


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["m:1"], ["m:1"]),
        (["m"], ["m:3"]),
        (["m@champion"], ["m:2"]),
        (["m:1", "m:2"], ["m:1", "m:2"]),
    ],
)
def test_a_model_is_named_by_version_as_the_latest_or_by_alias(
    registry: LocalRegistry, words: list[str], ids: list[str]
) -> None:
    assert [model.id for model in find_models(registry, words, None, [])] == ids


def test_without_a_name_it_is_the_one_that_a_build_has_registered(registry: LocalRegistry, tmp_path: Path) -> None:
    """4.9: in the artifact, wherever below the folder it was downloaded to."""
    metadata = ModelMetadata(model="m:2", name="m", version="2", platform="agent")
    folder = tmp_path / "workspace" / "_ci" / "model_metadata"
    write_metadata(metadata, folder)

    assert [model.id for model in find_models(registry, [], None, [tmp_path / "workspace"])] == ["m:2"]
    assert [model.id for model in find_models(registry, [], folder, [])] == ["m:2"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["other"], "model: there is no model 'other'"),
        (["m:9"], "model: 'm' has no version '9'; there are '3', '2', '1'"),
        (["m@gone"], "model: 'm' has no version 'gone'"),
        ([], "model: name one as NAME:VERSION"),
    ],
)
def test_one_that_is_not_there_is_refused_with_those_that_are(
    registry: LocalRegistry, words: list[str], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        find_models(registry, words, None, [])
