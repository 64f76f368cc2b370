"""The jobs of a workspace: submitted, listed, changed, cancelled."""
