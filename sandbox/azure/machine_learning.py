"""What all services of a workspace have in common: the form of their errors, and where things are in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from sandbox.azure.wire import AzureError


class MachineLearningError(AzureError):
    """A refusal of a workspace's own services. inner: codes that say it more exactly, the general one first."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str = "UserError",
        inner: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, code, message, headers)
        self.inner = tuple(inner)

    @property
    def body(self) -> dict[str, Any]:
        more: list[dict[str, Any]] = [{"type": "ComponentName", "info": {"value": "managementfrontend"}}]
        if self.inner:
            more.append({"type": "InnerError", "info": {"value": nested(self.inner)}})
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "target": None,
                "details": [],
                "additionalInfo": more,
            }
        }


class HistoryError(AzureError):
    """A refusal of the data plane: the same codes, in the form of its own documents."""

    @property
    def body(self) -> dict[str, Any]:
        return {
            "error": {"code": self.code, "message": self.message, "details": []},
            "environment": "sandbox",
            "location": "westeurope",
            "time": datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"),
            "componentName": "run-history",
        }


def nested(codes: Sequence[str]) -> dict[str, Any] | None:
    """Error codes as they travel, each in the one before it."""
    found: dict[str, Any] | None = None
    for code in reversed(codes):
        found = {"code": code, "innerError": found}
    return found


def not_found(kind: str, name: str) -> MachineLearningError:
    """kind: like `Job`, as the message begins."""
    return MachineLearningError(404, f"{kind} {name} not found.", inner=("NotFound", f"{kind}NotFound"))
