"""Where Microsoft's clients send what they tell about themselves: it is counted and forgotten."""
