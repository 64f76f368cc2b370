"""Discovery and tokens."""

from __future__ import annotations

from sandbox.azure.clouds import CLOUDS
from sandbox.azure.entra import responses
from sandbox.azure.entra.errors import EntraError
from sandbox.azure.routing import Host, Route

ROUTES = [
    Route("GET", "/common/discovery/instance", responses.discover_instance, query=["authorization_endpoint"]),
    Route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", responses.get_configuration),
    Route("POST", "/{tenant}/oauth2/v2.0/token", responses.post_token),
]
HOSTS = [Host(name, ROUTES, error=EntraError) for cloud in CLOUDS for name in cloud.authorities]
