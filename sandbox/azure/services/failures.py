"""How deploying fails: the codes and sentences of the service, as those who met them have told of them."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from sandbox.azure.serving.spec import Cause, StartFailedError

_EXCEPTION = re.compile(r"^(?:\w+\.)*(\w*(?:Error|Exception|Interrupt|Exit)): (.+)$", re.MULTILINE)
_WRAPPED = "UserScript"  # so the server calls what it makes of the script's own exceptions
_CODES = {"ACI": "AciDeploymentFailed"}  # all else is Kubernetes
_WORDS = {"ACI": "Aci Deployment failed with exception"}


class Mishap(Enum):
    """What the next deployment can be made to meet."""

    IMAGE = "its image cannot be built"
    CRASH = "its init() raises"
    FILES = "a model's file is not there"
    PROBE = "it never answers its probe"
    QUOTA = "there are no cores left for it"
    STUCK = "it never ends"


@dataclass(frozen=True)
class Failure:
    """state: of the service after it; outcome: of the operation. step: in which it happened. log: what was written."""

    code: str
    message: str
    status: int = 400
    details: tuple[tuple[str, str], ...] = ()
    state: str = "Failed"
    outcome: Literal["Failed", "TimedOut"] = "Failed"
    step: str = "DeployService"
    log: str = field(default="", repr=False)

    @property
    def body(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "statusCode": self.status,
            "message": self.message,
            "details": [{"code": code, "message": message} for code, message in self.details],
            "correlation": {"RequestId": str(uuid.uuid4())},
        }


class DeploymentFailedError(Exception):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def of_start(error: StartFailedError, kind: str, name: str, image: str) -> Failure:
    """What a container that did not start is told as. kind: of compute; name: of the service."""
    if error.cause is Cause.IMAGE:
        return image_failed(error.log or error.message)
    if error.cause is Cause.PROBE:
        return timed_out(kind, error.log)
    if error.cause is Cause.FILES:
        return _deployment(kind, *_of_files(error.message))
    found = [(what, said) for what, said in _EXCEPTION.findall(error.log) if not what.startswith(_WRAPPED)]
    if found:
        kind_of_error, said = found[-1]
        sentence = (
            f"Error in entry script, {kind_of_error}: {said}, please run print(service.get_logs()) to get details."
        )
        return _deployment(kind, "CrashLoopBackOff", sentence, state="Unhealthy", log=error.log)
    return _deployment(
        kind,
        "CrashLoopBackOff",
        "Your container application crashed. This may be caused by errors in your scoring file's init() function.\n"
        f"\t1. Please check the logs for your container instance: {name}. From the AML SDK, you can run "
        "print(service.get_logs()) if you have service object to fetch the logs.\n"
        f"\t2. You can also try to run image {image} locally. Please refer to "
        "https://aka.ms/debugimage#service-launch-fails for more information.",
        log=error.log,
    )


def of_mishap(mishap: Mishap, kind: str, name: str, image: str) -> Failure:
    """One that was asked for; not for STUCK, which is no failure."""
    if mishap is Mishap.QUOTA:
        return aci_quota(10, 10, 1) if kind == "ACI" else no_nodes(1)
    log = "Traceback (most recent call last):\nRuntimeError: a mishap of the sandbox\n"
    causes = {
        Mishap.IMAGE: StartFailedError(Cause.IMAGE, "a mishap of the sandbox", "a mishap of the sandbox"),
        Mishap.CRASH: StartFailedError(Cause.CRASH, "a mishap of the sandbox", log, 3),
        Mishap.FILES: StartFailedError(Cause.FILES, "a mishap of the sandbox"),
        Mishap.PROBE: StartFailedError(Cause.PROBE, "a mishap of the sandbox"),
    }
    return of_start(causes[mishap], kind, name, image)


def of_files(reason: str) -> Failure:
    """Of a package."""
    return Failure(*_of_files(reason))


def image_failed(log: str) -> Failure:
    return Failure(
        "EnvironmentBuildFailed",
        "Failed building the Environment. You can try debugging locally first. Please refer to "
        "https://aka.ms/debugimage#debug-locally for more information.",
        step="BuildEnvironment",
        log=log,
    )


def timed_out(kind: str, log: str) -> Failure:
    return Failure(
        "DeploymentTimedOut",
        "The deployment operation polling has TimedOut. The service creation is taking longer than our normal time. We "
        "are still trying to achieve the desired state for the web service. Please check the webservice state for the "
        "current webservice health. You can run print(service.state) from the python SDK to retrieve the current state "
        "of the webservice.",
        504,
        state="Unhealthy",
        outcome="TimedOut",
        log=log,
    )


def aci_quota(limit: float, usage: float, asked: float) -> Failure:
    sentence = (
        "Resource type 'Microsoft.ContainerInstance/containerGroups' container group quota 'StandardCores' exceeded in "
        f"region 'westeurope'. Limit: '{limit:g}', Usage: '{usage:g}' Requested: '{asked:g}'."
    )
    return _deployment("ACI", "ContainerGroupQuotaReached", sentence)


def no_nodes(nodes: int) -> Failure:
    return Failure(
        "KubernetesError",
        "Kubernetes Deployment Error",
        details=(
            ("Unschedulable", f"0/{nodes} nodes are available: {nodes} Insufficient cpu."),
            (
                "DeploymentFailed",
                "Couldn't schedule because the kubernetes cluster didn't have available resources after trying for "
                "00:05:00.\nYou can address this error by either adding more nodes, changing the SKU of your nodes or "
                "changing the resource requirements of your service.\nPlease refer to "
                "https://aka.ms/debugimage#container-cannot-be-scheduled for more information.",
            ),
        ),
        state="Unschedulable",
    )


def label_taken(label: str, location: str) -> Failure:
    return _deployment(
        "ACI", "DnsNameLabelNotAvailable", f"The DNS name label '{label}' in the region {location} is taken already."
    )


def of_sandbox(reason: str) -> Failure:
    return Failure("InternalServerError", f"The sandbox failed: {reason}", 500)


def sandbox_ended() -> Failure:
    return Failure("ServiceUnavailable", "The sandbox, and with it the container, had ended.", 503, state="Unhealthy")


def _of_files(reason: str) -> tuple[str, str]:
    return "ModelDownloadFailed", f"A file of the container could not be had: {reason}"


def _deployment(kind: str, code: str, sentence: str, state: str = "Failed", log: str = "") -> Failure:
    words = _WORDS.get(kind, "Kubernetes Deployment failed with exception")
    return Failure(
        _CODES.get(kind, "KubernetesDeploymentFailed"),
        f"{words}: {sentence}",
        details=((code, sentence),),
        state=state,
        log=log,
    )
