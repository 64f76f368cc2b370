"""Storage accounts, their keys and containers, and the process that keeps their blobs."""

from __future__ import annotations

import base64
import secrets
import tempfile
import threading
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import httpx

from sandbox.azure.resources import Resources
from sandbox.azure.storage import signatures
from sandbox.azure.storage.azurite import Azurite
from sandbox.store import Document, Store, Table

TYPE = "Microsoft.Storage/storageAccounts"
SUFFIX = "blob.core.windows.net"
IDLE_SECONDS = 2  # less than Azurite keeps a connection


class Account(Document):
    """path: the resource's id. key: the one that there is; containers: those that Azurite must have."""

    name: str
    path: str
    key: str
    containers: tuple[str, ...] = ()


class Storage:
    """folder: where blobs are kept; a temporary one, which goes with the world, where there is none."""

    def __init__(self, store: Store, resources: Resources, folder: Path | None) -> None:
        self._table = Table(store, "azure-storage-account", Account)
        self._store = store
        self._resources = resources
        self._folder = folder
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._azurite: Azurite | None = None
        self._made: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    @cached_property
    def _client(self) -> httpx.Client:
        """For requests of the sandbox's own; made once, as that takes ten times as long as a request."""
        limits = httpx.Limits(keepalive_expiry=IDLE_SECONDS)
        return httpx.Client(trust_env=False, verify=False, timeout=60, limits=limits)

    def create(self, name: str, group: str, location: str) -> Account:
        """An account in a resource group (its id), made where there is none of this name."""
        with self._store.changing():
            account = self.account(name)
            if account is None:
                path = f"{group}/providers/{TYPE}/{name}"
                account = Account(name=name, path=path, key=base64.b64encode(secrets.token_bytes(64)).decode())
                self._table.put("", name, account)
                blob = {"blob": f"https://{name}.{SUFFIX}/"}
                properties = {"provisioningState": "Succeeded", "primaryEndpoints": blob, "isHnsEnabled": False}
                more = {"location": location, "kind": "StorageV2", "sku": {"name": "Standard_LRS", "tier": "Standard"}}
                self._resources.put(path, properties, more)
            return account

    def account(self, name: str) -> Account | None:
        return self._table.get("", name.lower())

    def key(self, account: str) -> str:
        """KeyError where there is no such account."""
        return self._known(account).key

    def create_container(self, account: str, container: str) -> None:
        """Let there be a container, from the next time on that a blob is asked for."""
        with self._store.changing():
            known = self._known(account)
            if container not in known.containers:
                self._table.put("", account, known.model_copy(update={"containers": (*known.containers, container)}))

    def address(self, account: str, container: str, blob: str = "") -> str:
        """As clients have it, without a signature."""
        return f"https://{account}.{SUFFIX}/{container}" + (f"/{quote(blob)}" if blob else "")

    def signed(
        self, account: str, container: str, blob: str = "", permissions: str = "r", seconds: float = 3600
    ) -> str:
        """The address of a container or a blob with a signature. permissions: letters of r, a, c, w, d, l."""
        key = self.key(account)
        query = (
            signatures.sign_blob(account, key, container, blob, permissions, seconds)
            if blob
            else signatures.sign_container(account, key, container, permissions, seconds)
        )
        return f"{self.address(account, container, blob)}?{query}"

    def put(self, account: str, container: str, blob: str, data: bytes, media_type: str = "") -> None:
        """Write a blob as a whole."""
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": media_type or "application/octet-stream"}
        self._own("PUT", account, f"{container}/{quote(blob)}", headers=headers, content=data)

    def create_append(self, account: str, container: str, blob: str) -> None:
        """A blob that grows, empty."""
        self._own("PUT", account, f"{container}/{quote(blob)}", headers={"x-ms-blob-type": "AppendBlob"})

    def append(self, account: str, container: str, blob: str, data: bytes) -> None:
        """Add to a blob that grows; at most 4 MiB."""
        self._own("PUT", account, f"{container}/{quote(blob)}", {"comp": "appendblock"}, content=data)

    def get(self, account: str, container: str, blob: str) -> bytes | None:
        """None where there is none."""
        answer = self._own("GET", account, f"{container}/{quote(blob)}", accept=(404,))
        return answer.content if answer.status_code == 200 else None

    def names(self, account: str, container: str, prefix: str = "") -> list[str]:
        """Of all blobs that begin so, in the order of their names."""
        found: list[str] = []
        query = {"restype": "container", "comp": "list", "prefix": prefix, "marker": ""}
        while True:
            page = ElementTree.fromstring(self._own("GET", account, container, query).content)
            found += [name.text or "" for name in page.iterfind("./Blobs/Blob/Name")]
            query["marker"] = page.findtext("NextMarker") or ""
            if not query["marker"]:
                return found

    def serving(self) -> str:
        """The address of a running Azurite that knows all accounts and has all containers."""
        with self._lock:
            accounts = self._table.all("")
            known = {each.name for each in accounts}
            if self._azurite is None or self._azurite.accounts != known or not self._azurite.runs:
                if self._azurite:
                    self._azurite.stop()
                self._made.clear()  # it may have died before it wrote down what it had
                self._azurite = Azurite(
                    {each.name: each.key for each in accounts}, self._place(), temporary=self._folder is None
                )
            for account in accounts:
                for container in account.containers:
                    self._make(self._azurite.address, account, container)
            return self._azurite.address

    def close(self) -> None:
        with self._lock:
            if self._azurite:
                self._azurite.stop()
            if self._temporary:
                self._temporary.cleanup()
            self._azurite = self._temporary = None
            if client := vars(self).pop("_client", None):
                client.close()
            self._made.clear()

    def _place(self) -> Path:
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            return self._folder
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="sandbox-blobs-")
        return Path(self._temporary.name)

    def _make(self, base: str, account: Account, container: str) -> None:
        if (account.name, container) not in self._made:
            self._ask(base, account, "PUT", container, {"restype": "container"}, accept=(409,))  # it is there already
            self._made.add((account.name, container))

    def _own(self, method: str, account: str, path: str, query: Any = None, **request: Any) -> httpx.Response:
        known = self._known(account)
        return self._ask(self.serving(), known, method, path, query or {}, **request)

    def _ask(
        self,
        base: str,
        account: Account,
        method: str,
        path: str,
        query: dict[str, str],
        accept: tuple[int, ...] = (),
        **more: Any,
    ) -> httpx.Response:
        """With the account's key behind it. httpx.HTTPStatusError for an unexpected no."""
        signature = signatures.sign_account(account.name, account.key)
        headers = {"Host": f"{account.name}.{SUFFIX}", "x-ms-version": signatures.VERSION, **more.pop("headers", {})}
        asked = httpx.QueryParams(query).merge(httpx.QueryParams(signature))
        answer = self._client.request(method, f"{base}/{path}", params=asked, headers=headers, **more)
        if answer.status_code not in accept:
            answer.raise_for_status()
        return answer

    def _known(self, account: str) -> Account:
        found = self.account(account)
        if found is None:
            raise KeyError(f"There is no storage account {account!r}.")
        return found
