"""What scripts/bench.py measures, and how. Linux: processes are followed through /proc."""
