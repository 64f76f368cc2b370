"""Runs that the SDK v1 submits: each becomes a command job, which the SDK v2 sees like its own."""
