"""Requests that tell whether what is served answers as it should."""
