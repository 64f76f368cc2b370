"""The datastores of a workspace: where its files are, and the keys to them."""
