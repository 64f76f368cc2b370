"""Where clients find everything else: locations of resources, and the areas they belong to."""
