"""Classic releases, to be read: stages, the deployments to them, and what tasks attached there."""
