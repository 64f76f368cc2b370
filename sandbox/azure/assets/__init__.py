"""What has versions in a workspace: code, environments, data, models, components."""
