"""What the instance metadata service refuses."""

from __future__ import annotations

from typing import Any

from sandbox.azure.wire import AzureError


class MetadataError(AzureError):
    """In the form of OAuth 2.0."""

    @property
    def body(self) -> dict[str, Any]:
        return {"error": self.code, "error_description": self.message}


def no_header() -> MetadataError:
    return MetadataError(400, "invalid_request", "Required metadata header not specified")


def no_identity() -> MetadataError:
    return MetadataError(400, "invalid_request", "Identity not found")


def unknown_resource(resource: str, tenant: str) -> MetadataError:
    return MetadataError(
        400,
        "invalid_resource",
        f"AADSTS500011: The resource principal named {resource} was not found in the tenant named {tenant}.",
    )
