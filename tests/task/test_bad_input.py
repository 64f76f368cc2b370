"""What people enter wrong: the step fails with one sentence that names the input and says what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.notebooks.running import code
from tests.task.pipelines import Published, Site, task

pytestmark = pytest.mark.xdist_group("bad input")


@dataclass(frozen=True)
class Mistake:
    """An input, what is entered, and what the error has to say."""

    input: str
    entered: str
    says: str

    @property
    def step(self) -> str:
        return f"{self.input} {self.entered}".replace("\n", " ")[:60]


MISTAKES = [
    Mistake("notebooks", "notebooks/trian.ipynb", "train.ipynb"),
    Mistake("notebooks", "nothing/*.ipynb", "nothing/*.ipynb"),
    Mistake("notebooks", "../elsewhere.ipynb", "../elsewhere.ipynb"),
    Mistake("parameters", "alpah: 1", "alpha"),
    Mistake("parameters", "alpha = 1", "parameters"),
    Mistake("parameters", "alpha: 2026-01-01", "is a date"),
    Mistake("parameters", "alpha: [1", "parameters"),
    Mistake("parametersFile", "params.yml", "params.yml"),
    Mistake("parameterSets", "alpha: 1", "parameterSets"),
    Mistake("parameterSets", "- {alpha: 1}\n- 2", "parameterSets"),
    Mistake("secretParameters", "KEY: value", "secretParameters"),
    Mistake("workingDirectory", "nowhere", "workingDirectory"),
    Mistake("cellTimeout", "20 minuts", "cellTimeout"),
    Mistake("notebookTimeout", "soon", "notebookTimeout"),
    Mistake("runTimeout", "-5", "runTimeout"),
    Mistake("maxParallel", "two", "maxParallel"),
    Mistake("failOn", "some", "failOn"),
    Mistake("failOn", "120%", "failOn"),
    Mistake("attach", "ipynb, pdf", "attach"),
    Mistake("attachFor", "passed", "attachFor"),
    Mistake("publish", "testResult", "testResults"),
    Mistake("strictSecrets", "yes", "strictSecrets"),
    Mistake("outputFolder", "notebooks/train.ipynb", "outputFolder: 'notebooks/train.ipynb' is a file"),
]
# What is wrong with these is told by each notebook's result: others in the same step could run.
BY_NOTEBOOK = [
    Mistake("python", "python9", "python9"),
    Mistake("kernel", "pyton3", "pyton3"),
]


@pytest.fixture(scope="session")
def ran(new_site: Callable[[], Site]) -> Published:
    site = new_site()
    site.notebook("notebooks/train.ipynb", code("alpha = 1.0", "parameters"), "alpha")
    steps = []
    for number, mistake in enumerate([*MISTAKES, *BY_NOTEBOOK]):
        inputs = {"notebooks": "notebooks/train.ipynb", mistake.input: mistake.entered}
        chosen = inputs.pop("notebooks")
        steps.append(task(chosen, name=f"s{number}", displayName=mistake.step, continueOnError=True, **inputs))
    return site.run(*steps)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.step)
def test_a_wrong_input_fails_the_step_with_one_sentence_that_names_it(mistake: Mistake, ran: Published) -> None:
    (error,) = ran.errors(mistake.step)

    assert ran.verdicts[mistake.step] == "succeededWithIssues"
    assert mistake.says in error
    assert error.endswith((".", "?"))
    assert "\n" not in error
    assert "Traceback" not in "\n".join(ran.log(mistake.step))


@pytest.mark.parametrize("mistake", BY_NOTEBOOK, ids=lambda mistake: mistake.step)
def test_a_missing_interpreter_or_kernel_is_told_for_each_notebook(mistake: Mistake, ran: Published) -> None:
    (error,) = ran.errors(mistake.step)

    assert ran.verdicts[mistake.step] == "succeededWithIssues"
    assert mistake.says in error
    assert "Traceback" not in "\n".join(ran.log(mistake.step))
