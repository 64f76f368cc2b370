"""What is refused about online endpoints when it is asked for; what fails later is in failures.py."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from typing import Any

from sandbox.azure.machine_learning import MachineLearningError

_GUIDE = "Please see troubleshooting guide, available here: https://aka.ms/oe-tsg#error"


class InvalidRequestError(MachineLearningError):
    """What the service behind says no to: its own answer is a text among the details."""

    def __init__(self, member: str, message: str) -> None:
        super().__init__(400, "The request is invalid.", code="BadRequest")
        self._said = {
            "errors": {member: [message]},
            "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
            "title": "One or more validation errors occurred.",
            "status": 400,
            "traceId": uuid.uuid4().hex,
        }

    @property
    def body(self) -> dict[str, Any]:
        body = super().body
        body["error"]["details"] = [{"code": "InferencingClientCallFailed", "message": json.dumps(self._said)}]
        return body


def not_found(kind: str, name: str) -> MachineLearningError:
    return MachineLearningError(404, f"{kind} {name} not found.", code="ResourceNotFound", inner=("NotFound",))


def bad_name(kind: str, name: str) -> InvalidRequestError:
    return InvalidRequestError(
        "Name",
        f"The {kind} name '{name}' is invalid: it has 3 to 32 letters, digits and hyphens, begins with a letter and "
        "does not end with a hyphen.",
    )


def name_is_taken() -> InvalidRequestError:
    return InvalidRequestError(
        "",
        "There is already an endpoint with this name, Endpoint name needs to be unique within a region. Try some other "
        "name.",
    )


def cannot_change(name: str, member: str) -> MachineLearningError:
    return MachineLearningError(
        400,
        f"An endpoint with this name already exists. If you are trying to create a new endpoint, use a different name. "
        f"If you are trying to update {name}, its {member} cannot be changed.",
        inner=("BadArgument", "ArgumentInvalid"),
    )


def wrong_kind(deployment: str, endpoint: str) -> InvalidRequestError:
    return InvalidRequestError(
        "EndpointComputeType", f"A deployment of type {deployment} cannot be made in an endpoint of type {endpoint}."
    )


def no_cluster(compute: str) -> InvalidRequestError:
    return InvalidRequestError("Compute", f"The Kubernetes compute '{compute}' was not found in the workspace.")


def bad_sum(total: int) -> InvalidRequestError:
    return InvalidRequestError("Traffic", f"The sum of the traffic must be 0 or 100, but it is {total}.")


def no_deployment(member: str, names: Iterable[str]) -> InvalidRequestError:
    return InvalidRequestError(
        member, f"There is no deployment that could take traffic of the name: {', '.join(sorted(names))}."
    )


def bad_mirror(reason: str) -> InvalidRequestError:
    return InvalidRequestError("MirrorTraffic", reason)


def has_traffic(name: str, percent: int) -> InvalidRequestError:
    return InvalidRequestError(
        "Traffic", f"The deployment '{name}' gets {percent} % of the traffic. Set it to 0 before you delete it."
    )


def is_busy(kind: str, name: str, state: str) -> MachineLearningError:
    return MachineLearningError(
        409, f"The {kind} {name} is {state}: there is already an operation in progress.", code="Conflict"
    )


def unknown_asset(kind: str, asset: str) -> MachineLearningError:
    return MachineLearningError(400, f"{kind} {asset} not found.", inner=("BadArgument", f"{kind}NotFound"))


def not_played(what: str) -> MachineLearningError:
    return MachineLearningError(400, f"The sandbox does not play {what}.", code="NotImplementedInSandbox")


def unknown_size(size: str, known: Iterable[str]) -> InvalidRequestError:
    return InvalidRequestError(
        "VmSize", f"The specified VM size '{size}' is not supported. Supported are: {', '.join(known)}."
    )


def out_of_quota(size: str, subscription: str, used: int, limit: int, needed: int) -> InvalidRequestError:
    return InvalidRequestError(
        "VmSize",
        f"Not enough quota available for {size} in SubscriptionId {subscription}. Current usage/limit: {used}/{limit}. "
        f"Additional needed: {needed} {_GUIDE}-outofquota",
    )


def bad_scale() -> InvalidRequestError:
    return InvalidRequestError(
        "ScaleSettings", "A managed deployment has the scale type Default: it is scaled by rules of Azure Monitor."
    )


def no_keys(name: str) -> MachineLearningError:
    return MachineLearningError(
        400, f"The endpoint {name} does not use keys for authentication.", inner=("BadArgument",)
    )


def no_token(name: str) -> MachineLearningError:
    return MachineLearningError(
        400, f"The endpoint {name} does not use tokens of Azure Machine Learning.", inner=("BadArgument",)
    )
