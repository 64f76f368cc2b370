"""How the making of a deployment fails: codes as Microsoft's guide to troubleshooting has them."""

from __future__ import annotations

from sandbox.azure.machine_learning import MachineLearningError
from sandbox.azure.serving.spec import Cause, StartFailedError

_GUIDE = "Please see troubleshooting guide, available here: https://aka.ms/oe-tsg#error-"
# Of clusters of Kubernetes: what the scoring server writes when it ends, and the code for that.
_SCRIPT = (
    ("UserScriptImportException", "UserScriptImportError"),
    ("function defined", "UserScriptFunctionNotFound"),
    ("User's init function failed", "UserScriptInitFailed"),
)


def provisioning(code: str, message: str) -> MachineLearningError:
    return MachineLearningError(400, message, code=code)


def of_start(failed: StartFailedError, kubernetes: bool, build_log: str) -> MachineLearningError:
    """Why a scoring server did not start. build_log: where the image's log is."""
    if failed.cause is Cause.IMAGE:
        return provisioning(
            "ImageBuildFailure",
            f"Image build failed. The build log is available in the workspace blob store {build_log}. "
            f"{_GUIDE}imagebuildfailure",
        )
    if failed.cause is Cause.FILES:
        return provisioning(
            "BadArgument",
            f"Unable to download user model or code: {failed.message} {_GUIDE}unable-to-download-user-model",
        )
    if failed.cause is Cause.PROBE:
        return provisioning(
            "ResourceNotReady", f"User container failed its readiness probe: {failed.message} {_GUIDE}resourcenotready"
        )
    if kubernetes:
        code = next((code for said, code in _SCRIPT if said in failed.log), "DeploymentCrashLoopBackOff")
        return provisioning(code, f"User container has crashed or terminated. {failed.message}")
    return provisioning(
        "ResourceNotReady",
        f"User container has crashed or terminated. {failed.message} {_GUIDE}resourcenotready",
    )
