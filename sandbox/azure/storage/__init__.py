"""Storage accounts: kept by the real Azurite, which starts when a blob is first asked for."""
