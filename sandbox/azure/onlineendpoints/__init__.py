"""Online endpoints of the SDK v2 and their deployments: made, given traffic, asked. What serves is in `serving`."""
