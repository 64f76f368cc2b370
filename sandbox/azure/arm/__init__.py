"""Azure Resource Manager's own: the subscription and its resource groups."""
