"""The public cloud and the sovereign ones: under which names each has the same services."""

from __future__ import annotations

from dataclasses import dataclass

STORAGE = "https://storage.azure.com"  # the one resource that is called the same everywhere


@dataclass(frozen=True)
class CloudNames:
    """authorities: hosts of Entra ID, the first preferred, and the one that caches go by.

    management, management_core: what ARM's tokens are for.
    """

    authorities: tuple[str, ...]
    cache_authority: str
    management: str
    management_core: str
    machine_learning: str

    @property
    def management_audiences(self) -> tuple[str, ...]:
        return f"https://{self.management_core}", f"https://{self.management}"

    @property
    def resources(self) -> tuple[str, ...]:
        """What tokens can be had for."""
        return *self.management_audiences, f"https://{self.machine_learning}", STORAGE


PUBLIC = CloudNames(
    ("login.microsoftonline.com", "login.windows.net", "login.microsoft.com"),
    "login.windows.net",
    "management.azure.com",
    "management.core.windows.net",
    "ml.azure.com",
)
CLOUDS = (
    PUBLIC,
    CloudNames(
        ("login.microsoftonline.us",),
        "login.microsoftonline.us",
        "management.usgovcloudapi.net",
        "management.core.usgovcloudapi.net",
        "ml.azure.us",
    ),
    CloudNames(
        ("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
        "login.partner.microsoftonline.cn",
        "management.chinacloudapi.cn",
        "management.core.chinacloudapi.cn",
        "ml.azure.cn",
    ),
)


def cloud_of(authority: str) -> CloudNames:
    """The cloud of a host of Entra ID."""
    return next(each for each in CLOUDS if authority in each.authorities)
