"""Answers of Entra ID."""

from __future__ import annotations

import hmac
from typing import Any

from sandbox.azure.clouds import CLOUDS, cloud_of
from sandbox.azure.entra import assertions, errors
from sandbox.azure.entra.state import Application
from sandbox.azure.wire import Call, reply
from sandbox.wire import Answer

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FIELDS = (
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "client_info",
    "scope",
    "grant_type",
)


def get_configuration(call: Call) -> Answer:
    tenant = _tenant(call)
    base = f"https://{call.host}/{tenant}"
    return reply(
        {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
        }
    )


def discover_instance(call: Call) -> Answer:
    """Which hosts are one and the same authority."""
    tenant = call.query.get("authorization_endpoint", "").partition("://")[2].split("/")[1:2] or ["common"]
    return reply(
        {
            "tenant_discovery_endpoint": f"https://{call.host}/{tenant[0]}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [
                {
                    "preferred_network": each.authorities[0],
                    "preferred_cache": each.cache_authority,
                    "aliases": list(each.authorities),
                }
                for each in CLOUDS
            ],
        }
    )


def post_token(call: Call) -> Answer:
    """The client credentials flow, with a secret or an assertion."""
    tenant = _tenant(call)
    fields = call.form(*_FIELDS)
    for name in ("grant_type", "client_id", "scope"):
        if not fields.get(name):
            raise errors.missing_field(name)
    if fields["grant_type"] != "client_credentials":
        raise errors.unsupported_grant(fields["grant_type"])
    application = call.azure.directory.application(fields["client_id"], tenant)
    if application is None:
        raise errors.unknown_application(fields["client_id"], tenant)
    _check_credential(call, application, fields)
    resource, suffix, _ = fields["scope"].partition("/.default")
    if not suffix:
        raise errors.bad_scope(fields["scope"])
    if resource.rstrip("/") not in cloud_of(call.host).resources:
        raise errors.unknown_resource(resource, tenant)
    tokens = call.azure.tokens
    content: dict[str, Any] = {
        "token_type": "Bearer",
        "expires_in": tokens.life,
        "ext_expires_in": tokens.life,
        "access_token": tokens.issue(application.caller, resource),
    }
    return Answer(content, media_type="application/json; charset=utf-8", private=("access_token",))


def _check_credential(call: Call, application: Application, fields: dict[str, str]) -> None:
    now = call.world.clock.now()
    if fields.get("client_assertion_type") == _ASSERTION_TYPE and fields.get("client_assertion"):
        endpoint = f"https://{call.host}{call.path}"
        assertions.check(fields["client_assertion"], application, call.azure.directory, endpoint, now)
        return
    given = fields.get("client_secret")
    if not given:
        raise errors.no_credential()
    secret = next((each for each in application.secrets if hmac.compare_digest(each.value, given)), None)
    if secret is None:
        raise errors.wrong_secret(application.client_id)
    if secret.expires <= now:
        raise errors.expired_secret(application.client_id)


def _tenant(call: Call) -> str:
    tenant = call.values["tenant"].lower()
    if not call.azure.directory.has_tenant(tenant):
        raise errors.tenant_not_found(call.values["tenant"])
    return tenant
