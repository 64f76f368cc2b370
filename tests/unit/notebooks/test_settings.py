"""Settings that stand in the repository: notebooks.yml, run.yml and release.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from amltasks.errors import UserError
from amltasks.notebooks.core_yaml import load_yaml
from amltasks.notebooks.settings import RepositorySettings, Settings, settings_schema
from amltasks.report.model import Outcome


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "train.ipynb").write_text("{}")
    (tmp_path / "deep" / "data.csv").write_text("x")
    return tmp_path


def of(root: Path, **files: str) -> Settings:
    for name, content in files.items():
        (root / name.replace("__", "/").replace("_", ".")).write_text(content)
    return RepositorySettings(root).of(root / "deep" / "train.ipynb")


def fault(root: Path, **files: str) -> str:
    with pytest.raises(UserError) as caught:
        of(root, **files)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_nothing_said_is_nothing_set(root: Path) -> None:
    assert of(root) == Settings()


def test_every_setting_is_read(root: Path) -> None:
    settings = of(
        root,
        deep__train_run_yml="""
timeout: 1 h
cellTimeout: none
parameters: {alpha: 1}
parameterSets: [{name: weak, beta: 2}]
files: [data.csv]
requirements: ["pandas >= 2"]
kernel: ir
python: ../venv/bin/python
workingDirectory: ..
owner: Ada
expectedOutcome: failed
""",
    )
    assert settings.timeout == 3600
    assert settings.cell_timeout is None
    assert {"timeout", "cell_timeout"} <= settings.said
    assert settings.parameters == {"alpha": 1}
    assert [(one.name, one.parameters) for one in settings.parameter_sets] == [("weak", {"beta": 2})]
    assert settings.requirements == ("pandas>=2",)
    assert settings.kernel == "ir"
    assert settings.python == str(root / "deep" / "../venv/bin/python")
    assert settings.working_directory == root.resolve()
    assert settings.owner == "Ada"
    assert settings.expected_outcome is Outcome.FAILED


def test_the_nearer_file_is_the_stronger_one(root: Path) -> None:
    """release.json < notebooks.yml, a later entry over an earlier one < run.yml; parameters are merged by name."""
    release = {"notebooks": {"x": {"name": "train.ipynb", "path": "deep", "celltimeout": 1, "requirements": ["a"]}}}
    settings = of(
        root,
        release_json=json.dumps(release),
        notebooks_yml="""
notebooks:
  "**": {cellTimeout: 2, owner: everybody, parameters: {a: 1, b: 1}, requirements: [b]}
  deep/train.ipynb: {cellTimeout: 3 min, parameters: {b: 2, c: 2}}
  other*.ipynb: {owner: nobody}
""",
        deep__train_run_yml="parameters: {c: 3}\nrequirements: [c]",
    )
    assert settings.cell_timeout == 180
    assert settings.owner == "everybody"
    assert settings.parameters == {"a": 1, "b": 2, "c": 3}
    assert settings.requirements == ("a", "b", "c")


def test_each_limit_is_that_of_the_nearest_file_that_gives_it(root: Path) -> None:
    settings = of(
        root,
        notebooks_yml="notebooks: {'**': {memoryLimit: 1 GB, processLimit: 20}}",
        deep__train_run_yml="memoryLimit: none\nopenFilesLimit: 500\noutputLimit: 1 MiB",
    )
    assert settings.limits == {"memory": None, "processes": 20, "open_files": 500, "output": 2**20}


def test_both_names_of_a_sidecar_do_but_not_together(root: Path) -> None:
    assert of(root, deep__train_ipynb_run_yml="owner: Ada").owner == "Ada"
    assert "both exist" in fault(root, deep__train_run_yml="owner: Bob")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("owner: Ada\ncelltimeout: 5", "train.run.yml: line 2: 'celltimeout' is not a setting (did you mean 'cellTi"),
        ("cell_timeout: 5", "'cell_timeout' is not a setting"),
        ("zzz: 5", "there are timeout, cellTimeout"),
        ("timeout: soon", "line 1: 'timeout': 'soon' is not a length of time"),
        ("memoryLimit: lots", "line 1: 'memoryLimit': 'lots' is not an amount of memory; write for"),
        ("openFilesLimit: 20", "line 1: 'openFilesLimit': '20' is not a whole number from 100 on"),
        ("owner: 5", "line 1: 'owner': Input should be a valid string"),
        ("- 1", "line 1: the file has to be a mapping"),
        ("parameters: [1]", "line 1: 'parameters' has to be a mapping, with lines like"),
        ("\nexpectedOutcome: great", "line 2: 'expectedOutcome'"),
        ("expectedOutcome: cancelled", "nothing to expect"),
        ("requirements:\n- ok\n- not ok!", "line 3: 'requirements.1': 'not ok!' is not a pip requirement"),
        (
            "files: [missing.csv]",
            "train.run.yml: 'missing.csv', which the notebook needs: 'missing.csv' does not exist",
        ),
        ("files: [../../..]", "leads out of the repository"),
        ("parameterSets: [5]", "'parameterSets."),
        ("parameterSets: [{name: a}, {name: a}]", "train.run.yml: parameterSets: set 2 has the name"),
        ("parameters: {a: 2024-01-01}", "train.run.yml: line 1: '2024-01-01' is a date"),
        ("a: [", "train.run.yml: line 1: not valid YAML"),
    ],
)
def test_faults_name_file_and_line(root: Path, content: str, says: str) -> None:
    assert says in fault(root, deep__train_run_yml=content)


def test_a_path_in_notebooks_yml_that_does_not_exist_is_a_mistake(root: Path) -> None:
    """A pattern may match nothing today; a path that names nothing is misspelt."""
    assert "notebooks.yml: line 2: 'deep/trian.ipynb' does not exist" in fault(
        root, notebooks_yml='notebooks:\n  deep/trian.ipynb: {owner: Ada}\n  "*.none": {}'
    )
    assert "'notebook' is not a setting (did you mean 'notebooks'?)" in fault(root, notebooks_yml="notebook: {}")


def test_settings_files_are_not_followed_out_of_the_repository(root: Path, tmp_path_factory: Any) -> None:
    outside = tmp_path_factory.mktemp("outside") / "x.yml"
    outside.write_text("owner: Eve")
    (root / "deep" / "train.run.yml").symlink_to(outside)
    assert "leads out of the repository" in fault(root)


def test_a_settings_file_that_leads_nowhere_is_not_overlooked(root: Path) -> None:
    (root / "deep" / "train.run.yml").symlink_to("gone.yml")
    assert "is a link to 'gone.yml', which does not exist" in fault(root)


class TestReleaseJson:
    """Requirement 0.22, in the form that “Azure ML Operationalization” reads."""

    def test_timeout_files_and_requirements_are_read(self, root: Path) -> None:
        entry = {
            "name": "train.ipynb",
            "celltimeout": 1800,
            "dependencies": ["/data.csv"],
            "requirements": ["pandas==2.3"],
            "preexec": "before.py",
        }
        settings = of(root, deep__release_json=json.dumps({"notebooks": {"any": entry}}))
        assert settings.cell_timeout == 1800
        assert settings.requirements == ("pandas==2.3",)
        assert "names preexec: such scripts are not run" in settings.notes[0]

    def test_one_of_another_tool_says_nothing(self, root: Path) -> None:
        assert of(root, release_json='{"version": 3}') == Settings()

    @pytest.mark.parametrize(
        ("entry", "says"),
        [
            ({"celltimeout": "x"}, "celltimeout is text ('x') instead of a number"),
            ({"dependencies": "data.csv"}, "dependencies is text"),
            ({"dependencies": ["none.csv"]}, "'none.csv' does not exist"),
        ],
    )
    def test_faults_name_the_entry(self, root: Path, entry: dict[str, Any], says: str) -> None:
        document = {"notebooks": {"key": {"name": "train.ipynb", "path": "deep/", **entry}}}
        assert says in (sentence := fault(root, release_json=json.dumps(document)))
        assert "release.json: 'key'" in sentence

    def test_broken_json_is_answered(self, root: Path) -> None:
        assert "'release.json' is cut off" in fault(root, release_json='{"notebooks": {')


def test_the_published_schema_is_current() -> None:
    """After a change of the models: python -m amltasks.notebooks.settings > src/…/notebooks.schema.json"""
    published = Path(__file__).parents[3] / "src" / "amltasks" / "notebooks" / "notebooks.schema.json"
    assert json.loads(published.read_text("utf-8")) == settings_schema()


def test_the_schema_takes_what_is_read_and_refuses_what_is_refused() -> None:
    schema = settings_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    good = load_yaml('notebooks: {"*": {timeout: 20 min, cellTimeout: 90, files: [x], expectedOutcome: failed}}', "x")
    jsonschema.validate(good, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"notebooks": {"*": {"celltimeout": 5}}}, schema)
