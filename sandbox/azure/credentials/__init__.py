"""The secrets of a workspace's key vault, as runs and people with the SDK v1 keep them."""
