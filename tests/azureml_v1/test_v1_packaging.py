"""PackageModel by the SDK v1: an image in the workspace's registry, or a folder with a model of the workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.azureml.cloud import Azure
from tests.azureml.steps import Ended
from tests.azureml_v1.places import open_places

pytestmark = [pytest.mark.xdist_group("azureml-v1 packaging"), pytest.mark.timeout(400), pytest.mark.long]

REGISTER = """
path = Path(folder) / "model.pkl"
path.write_text("model")
result = opened(RegistryV1).register(NewModel(name="m", path=path, key="1")).id
"""


def test_an_image_is_built_or_a_folder_made(azure: Azure, tmp_path: Path) -> None:
    """Requirements 2.22, 2.23."""
    with open_places(azure) as places:
        assert places.run(REGISTER, folder=str(tmp_path)) == "m:1"
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "score.py").write_text("def init(): ...\ndef run(data): return data\n")

    def package(**inputs: str) -> Ended:
        given = {"platform": "azureml-v1", "model": "m", "scoringScript": "score.py", "compute": "", "publish": ""}
        job = azure.job(repository, {**given, **inputs})
        job["task"]["name"] = "PackageModel"
        return Ended(azure.start(job), tmp_path / "none")

    image = package(imageName="Scoring", imageLabel="7")
    context = package(form="context", contextFolder="context")
    refused = package(condaFile="none.yml")

    assert image.code == 0, image.log
    assert image.variable("Image").endswith(".azurecr.io/scoring:7")
    assert image.variable("Context") == ""
    assert context.code == 0, context.log
    assert context.variable("Image") == "m:1"
    assert (Path(context.variable("Context")) / "models" / "m" / "1" / "model.pkl").read_text() == "model"
    assert refused.code == 2
    assert "##vso[task.logissue type=error]condaFile: " in refused.log
