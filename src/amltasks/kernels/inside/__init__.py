"""Runs in the user's interpreter, by path: knows the standard library and ipykernel, and nothing of amltasks."""
