"""The project, and who is connected."""
