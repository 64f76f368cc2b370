"""Signing in for the SDK v1, which itself knows neither certificates nor federation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amltasks.platforms.azureml.connection import Cloud

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azureml.core.authentication import TokenAuthentication


def authentication(credential: TokenCredential, cloud: Cloud) -> TokenAuthentication:
    """What the SDK asks for a token before each request; the credential keeps them, and gets new ones in time."""
    from azureml.core.authentication import TokenAuthentication

    return TokenAuthentication(lambda audience: credential.get_token(f"{audience}/.default").token, cloud.name)
