"""The differences that are meant: docs/differences-from-papermill.md says why, under the same titles."""

from __future__ import annotations

from tests.fidelity.differing import Known

_WORKERS = ("forked", "direct", "stock")  # not under papermill's own command, which has the last word there
_ENDING, _KERNEL = frozenset({"ending"}), frozenset({"kernel"})
_EXIT = frozenset({"cell 2: status", "cell 2: exception"})
_DEAD_1, _DEAD_2 = (frozenset({"language", f"cell {number}: status", f"cell {number}: exception"}) for number in (1, 2))
_UNNAMED = (
    "nbclient/Check History in Memory", "nbclient/Disable Stdin", "nbclient/Factorials", "nbclient/HelloWorld",
    "nbclient/Inline Image", "nbclient/Interrupt", "nbclient/Output", "nbclient/SVG", "nbclient/Skip Exceptions",
    "nbclient/Skip Execution with Cell Tag", "nbclient/Unicode", "nbclient/update-display-id", "papermill/blank-vscode",
    "s22-azureml-training-notebook", "s41-nbclient-output-hang", "s42-azureml-mlflow-deploy", "s50-nbformat-v2",
    "s51-nbformat-v3",
    "s57-nbformat-future-minor", "s62-nbclient-skip-execution",
)  # fmt: skip

KNOWN = (
    Known(
        "Expected errors pass",
        {"nbclient/Skip Exceptions with Cell Tags": _ENDING, "s63-nbclient-raises-exception": _ENDING},
        _WORKERS,
    ),
    Known(
        "sys.exit(0) is no failure",
        {
            **dict.fromkeys(("papermill/sysexit", "papermill/sysexit0", "papermill/systemexit"), _EXIT),
            "s66-papermill-sysexit": _EXIT,
        },
    ),
    Known(
        "Errors without an output have their name",
        {"papermill/line_magic_error": _ENDING, "s39-papermill-line-magic-error": _ENDING},
        _WORKERS,
    ),
    Known(
        "A dead kernel completes nothing",
        {
            **dict.fromkeys(("own/dies", "own/hangs"), frozenset({*_DEAD_2, "cell 3: status"})),
            **dict.fromkeys(("nbclient/Autokill", "papermill/keyboard_interrupt", "s38-nbclient-autokill"), _DEAD_1),
            "nbclient/Interrupt": frozenset({*_DEAD_1, "cell 2: status"}),
            "s36-nbgrader-infinite-loop": _DEAD_1,
        },
    ),
    Known("A Python notebook needs no kernel name", dict.fromkeys(_UNNAMED, _KERNEL), _WORKERS),
)

# What is not the same in any two runs, though two of papermill may happen to agree: compared by its kind alone.
UNSTEADY = {
    "own/dies": frozenset({"cell 2: execution count"}),  # the kernel may die before it is told
    **dict.fromkeys(("nbclient/Autokill", "s38-nbclient-autokill"), frozenset({"cell 1: execution count"})),
    "s02-handson2-tools-numpy": frozenset({"cell 12: outputs"}),  # numpy.empty: whatever was in the memory
}
