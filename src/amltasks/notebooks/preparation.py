"""What papermill does to a notebook before it is executed: metadata, parameters, old error markers."""

from __future__ import annotations

from nbformat import NotebookNode
from papermill import __version__ as papermill_version
from papermill.exceptions import PapermillException
from papermill.execute import prepare_notebook_metadata, remove_error_markers
from papermill.parameterize import parameterize_notebook

from amltasks.errors import UserError
from amltasks.notebooks.cells import INJECTED, one_line, tags
from amltasks.notebooks.kernels import Kernel
from amltasks.notebooks.saving import EXECUTED
from amltasks.platforms.base import NotebookRun


def prepare(notebook: NotebookNode, run: NotebookRun, kernel: Kernel) -> tuple[NotebookNode, list[int | None]]:
    """The notebook as it will be executed, and for each position the cell's index in `notebook` (None: injected).

    Changes `notebook`; stored outputs go. Raises UserError for parameters that papermill cannot write in the kernel's
    language.
    """
    index_of = {id(cell): index for index, cell in enumerate(notebook.cells)}
    given = list(notebook.cells)  # keeps the cells alive, so that no other gets the id of one
    # Fresh, not papermill's own load_notebook_node: it trusts what an earlier run, or anybody, left in the metadata.
    notebook.metadata["papermill"] = NotebookNode(
        default_parameters={}, parameters={}, environment_variables={}, version=papermill_version
    )
    for cell in notebook.cells:
        cell.metadata["tags"] = list(tags(cell))
        cell.metadata["papermill"] = NotebookNode()
        if cell.cell_type == "code":
            cell["outputs"], cell["execution_count"] = [], None
    if run.parameters:
        try:
            notebook = parameterize_notebook(
                notebook, dict(run.parameters), kernel_name=kernel.name, language=kernel.language
            )
        except PapermillException as error:
            problem = one_line(str(error), 200)
            raise UserError(f"The parameters cannot be given to a {kernel.language} notebook: {problem}") from None
    notebook = prepare_notebook_metadata(notebook, run.notebook, EXECUTED)
    notebook = remove_error_markers(notebook)
    indices = [index_of.get(id(cell)) if INJECTED not in tags(cell) else None for cell in notebook.cells]
    del given
    return notebook, indices
