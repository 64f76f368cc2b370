"""What storage refuses before Azurite is asked."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from xml.sax.saxutils import escape

from sandbox.azure.wire import AzureError


class StorageError(AzureError):
    """In the form of XML, with the code in a header as well."""

    media_type = "application/xml"

    @property
    def body(self) -> bytes:
        self.headers.setdefault("x-ms-error-code", self.code)
        told = f"RequestId:{uuid.uuid4()}\nTime:{datetime.now(timezone.utc).isoformat()}"
        text = f"<Code>{escape(self.code)}</Code><Message>{escape(self.message)}\n{told}</Message>"
        return f'<?xml version="1.0" encoding="utf-8"?><Error>{text}</Error>'.encode()


def no_account(name: str) -> StorageError:
    return StorageError(501, "NotImplementedInSandbox", f"There is no storage account '{name}' in the sandbox.")


def not_played(what: str) -> StorageError:
    return StorageError(501, "NotImplementedInSandbox", f"The sandbox does not play {what}.")


def unavailable(reason: str) -> StorageError:
    return StorageError(501, "NotImplementedInSandbox", reason)


def interrupted(reason: str) -> StorageError:
    return StorageError(503, "ServerBusy", f"The server is currently unable to receive requests. {reason}")


def unauthenticated(reason: str, tenant: str) -> StorageError:
    challenge = (
        f"Bearer authorization_uri=https://login.microsoftonline.com/{tenant}/oauth2/authorize "
        "resource_id=https://storage.azure.com"
    )
    return StorageError(
        401,
        "InvalidAuthenticationInfo",
        f"Server failed to authenticate the request. {reason}",
        {"WWW-Authenticate": challenge},
    )


def no_permission() -> StorageError:
    return StorageError(
        403,
        "AuthorizationPermissionMismatch",
        "This request is not authorized to perform this operation using this permission.",
    )
