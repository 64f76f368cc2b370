"""What the SDK v1 can and cannot be asked for, and for how long it may try."""

from __future__ import annotations

import logging
import os
import warnings

from amltasks.errors import UserError
from amltasks.platforms.azureml.request import AzureRequest

NOTICE = (
    "platform: azureml-v1 uses the SDK v1 of Azure Machine Learning, whose support ended on 2026-06-30. It goes on "
    "working here; `platform: azureml` does the same by the SDK v2, and for most steps that line is the whole change: "
    "see “From v1 to v2” in the how-to."
)
# The SDK makes each request up to sixteen times, with pauses that add up to minutes: without its outer pauses these are
# twenty seconds. What it asks for without its clients (to submit, to cancel) it asks once; we look before we ask again.
_LESS = {
    "AZUREML_DEFAULT_BACKOFF": "1",
    "AZUREML_DEFAULT_500_BACKOFF": "0",
    "AZUREML_DEFAULT_503_BACKOFF": "0",
    "AZUREML_DEFAULT_RETRIES": "0",
    "AZUREML_LOG_DEPRECATION_WARNING_ENABLED": "False",
}


def make_ready() -> None:
    """Before the SDK is imported: it is to be quiet, and to give up sooner."""
    for name, value in _LESS.items():
        os.environ.setdefault(name, value)
    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=r"azureml\..*")


def refuse_unknown(request: AzureRequest) -> None:
    """Raises UserError for what only the SDK v2 can do, by the input's name."""
    asked = {
        "instanceType": request.instance_type,
        "instanceCount": request.instance_count != 1,
        "outputs": request.outputs,
        "identity": request.identity,
    }
    for name, given in asked.items():
        if given:
            raise UserError(f"{name}: the SDK v1 does not have it: take it away, or say `platform: azureml`.")
    if not request.compute and not request.resume:
        raise UserError("compute: name a cluster of the workspace: the SDK v1 has no serverless machines.")
