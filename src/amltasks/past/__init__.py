"""What earlier runs leave for later ones: how much notebooks take, and results that need no second run."""
