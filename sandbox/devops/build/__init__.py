"""Builds: timeline, logs, attachments, artifacts, tags."""
