"""Datasets of the SDK v1: how data is read, saved and registered; each version is a data asset that the SDK v2 sees."""
