"""Snapshots: the folders that runs of the SDK v1 are submitted with; each is a version of a code asset, too."""
