"""RunNotebookOnAML's door: the job comes on standard input from the launcher."""

import sys

from amltasks.commands.run_notebooks_task import carry_out
from amltasks.commands.task import run_task

if __name__ == "__main__":
    sys.exit(run_task(carry_out))
