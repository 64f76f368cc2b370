"""The files of a run, by their names."""
