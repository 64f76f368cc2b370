"""Run history: what is known of every run, whoever started it."""
