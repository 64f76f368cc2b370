"""Signed tokens in place of a secret: of a certificate that the application has, or of an issuer that it trusts."""

from __future__ import annotations

import base64
from datetime import datetime, timezone
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import Certificate, load_pem_x509_certificate

from sandbox.azure.entra import errors
from sandbox.azure.entra.state import Application, Directory

_THUMBPRINTS = {"x5t#S256": hashes.SHA256, "x5t": hashes.SHA1}
_UNCHECKED = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}


def check(assertion: str, application: Application, directory: Directory, endpoint: str, now: datetime) -> None:
    """Refuse an assertion that does not prove to be the application. endpoint: the address it was sent to."""
    try:
        header = jwt.get_unverified_header(assertion)
        said = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise errors.bad_assertion(f"It is not a JSON Web Token: {error}.") from None
    if said.get("iss") == application.client_id:
        _check_certificate(assertion, header, application, endpoint)
    else:
        _check_federation(assertion, said, application, directory)
    begins, ends = _time(said.get("nbf", 0)), _time(said.get("exp", 0))
    if not begins <= now < ends:
        raise errors.not_in_time(now, begins, ends)


def _check_certificate(assertion: str, header: dict[str, Any], application: Application, endpoint: str) -> None:
    certificate = next((found for pem in application.certificates if _signs(found := _loaded(pem), header)), None)
    if certificate is None:
        raise errors.unknown_certificate(str(header.get("x5t#S256") or header.get("x5t") or ""))
    try:
        claims = jwt.decode(
            assertion,
            certificate.public_key(),  # type: ignore[arg-type]
            ["RS256", "PS256"],
            options=_UNCHECKED,  # type: ignore[arg-type]
        )
    except jwt.InvalidTokenError as error:
        raise errors.bad_assertion(f"{error}.") from None
    if claims.get("sub") != application.client_id:
        raise errors.bad_assertion("Its subject is not the application.")
    if claims.get("aud") not in (endpoint, endpoint.replace("/oauth2/v2.0/token", "/v2.0")):
        raise errors.wrong_audience(str(claims.get("aud")))


def _check_federation(assertion: str, said: dict[str, Any], application: Application, directory: Directory) -> None:
    matching = list(application.federations)
    for what, claim in (("issuer", "iss"), ("audience", "aud"), ("subject", "sub")):
        matching = [each for each in matching if getattr(each, what) == said.get(claim)]
        if not matching:
            raise errors.no_federation(what, str(said.get(claim)))
    key = directory.key_of(matching[0].issuer)
    if key is None:
        raise errors.bad_assertion(f"The keys of {matching[0].issuer} cannot be had.")
    try:
        key.claims(assertion)
    except jwt.InvalidTokenError as error:
        raise errors.bad_assertion(f"{error}.") from None


def _signs(certificate: Certificate, header: dict[str, Any]) -> bool:
    """Whether the header names this certificate by its thumbprint."""
    for name, algorithm in _THUMBPRINTS.items():
        if name in header:
            digest = base64.urlsafe_b64encode(certificate.fingerprint(algorithm())).rstrip(b"=").decode()
            return bool(header[name].rstrip("=") == digest)
    return False


def _loaded(pem: str) -> Certificate:
    return load_pem_x509_certificate(pem.encode())


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
