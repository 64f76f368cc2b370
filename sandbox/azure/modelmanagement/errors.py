"""What model management refuses, in a form of its own."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.azure.wire import AzureError


class ModelError(AzureError):
    """The SDK prints the details and reads the status from the body."""

    @property
    def body(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "statusCode": self.status,
            "message": self.message,
            "details": [{"code": self.code, "message": self.message}],
            "correlation": {"RequestId": str(uuid.uuid4())},
        }


def model_not_found(name: str) -> ModelError:
    return ModelError(404, "ModelNotFound", f"Model with id {name} not found.")


def asset_not_found(name: str) -> ModelError:
    return ModelError(404, "AssetNotFound", f"Asset with id {name} not found.")


def bad_name(name: str) -> ModelError:
    return ModelError(
        400,
        "InvalidModelName",
        f"The model name '{name}' is invalid: it has 1 to 255 letters, digits, dots, underscores and hyphens and "
        "begins with a letter, a digit or an underscore.",
    )


def bad_url(url: str) -> ModelError:
    return ModelError(400, "InvalidModelUrl", f"The model's url {url} is not that of an asset of the workspace.")


def no_files() -> ModelError:
    return ModelError(400, "InvalidAsset", "An asset has one artifact: origin, container and path, with slashes.")


def property_is_kept(name: str) -> ModelError:
    return ModelError(400, "ImmutableProperty", f"The model's property {name} has a value already; it is not changed.")
