"""Approvals: what a person says before a stage may use an environment."""
