"""What a program must have in its environment to reach a world's Azure as it would reach the real one."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.world import World

# Packages are no part of Azure: their clients go to the registries as they always do.
_REGISTRIES = ("pypi.org", "files.pythonhosted.org", "registry.npmjs.org")
_INDEXES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "npm_config_registry")


def proxy_environment(world: World, folder: Path) -> dict[str, str]:
    """Variables for a child process. folder: where the certificates to trust are written, for as long as it lives.

    The world must be served. Everything but this machine and the package registries is asked of the sandbox.
    """
    bundle = folder / "authorities.pem"
    bundle.write_bytes(_system_authorities() + world.authority.certificate)
    direct = ["127.0.0.1", "localhost", *_REGISTRIES, *filter(None, map(_index_host, _INDEXES))]
    direct += [name for name in os.environ.get("NO_PROXY", "").split(",") if name.strip()]
    variables = {
        "HTTPS_PROXY": world.address,
        "HTTP_PROXY": world.address,  # the metadata service is plain HTTP
        "NO_PROXY": ",".join(dict.fromkeys(direct)),
    }
    trust = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), str(bundle))
    return {**variables, **{name.lower(): value for name, value in variables.items()}, **trust}


def _system_authorities() -> bytes:
    known = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    return Path(known).read_bytes() + b"\n" if known and Path(known).is_file() else b""


def _index_host(variable: str) -> str | None:
    return urlsplit(os.environ.get(variable, "")).hostname
