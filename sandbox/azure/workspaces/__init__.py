"""Azure Machine Learning workspaces themselves; what is in them are services of their own."""
