"""What can go wrong, and whose fault it is.

PipelineError   the YAML, an option or a file given to the run is wrong; nothing has been started
StepError       a step cannot do what it was asked; its log gets the message and it fails
Canceled        a step was told to stop, by a person or by its time-out
"""

from __future__ import annotations


class PipelineError(Exception):
    """The run is refused before it starts. The message says what is wrong and where."""


class StepError(Exception):
    """Ends a step as Failed with this message as its error."""


class Canceled(Exception):  # noqa: N818 - an outcome, named as the agent names it
    """Ends a step as Canceled, or as Failed where its time-out was the reason."""

    def __init__(self) -> None:
        super().__init__("The operation was canceled.")
