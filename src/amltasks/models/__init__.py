"""Models: the gate before they are registered, where they come from, and what is kept of that."""
