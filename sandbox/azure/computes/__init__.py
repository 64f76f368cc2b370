"""The computes of a workspace: clusters whose nodes run jobs, and others that are only kept."""
