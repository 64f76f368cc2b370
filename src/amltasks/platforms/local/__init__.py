"""This machine: a process for every notebook."""
