"""Environments as the SDK v1 defines them; each is a version of the asset that the SDK v2 sees."""
