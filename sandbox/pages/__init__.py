"""The web page: what ran, what came of it, and every file it left. Plain HTML, no script."""
