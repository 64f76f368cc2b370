"""Test runs, their results, sub-results and attachments."""
