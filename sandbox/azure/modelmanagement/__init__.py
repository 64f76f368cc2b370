"""Models as the SDK v1 registers and finds them; each is a version of the asset that the SDK v2 sees."""
