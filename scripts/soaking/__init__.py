"""Many notebooks of all kinds in one process, and whether anything grows: see scripts/soak.py."""
