"""The instance metadata service: tokens for the managed identities of the machine, over plain HTTP."""
