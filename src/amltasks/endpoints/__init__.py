"""From a registered model to one that is served: how it is to be served, smoke tests, rollouts."""
