"""Entra ID: applications with their credentials, and the tokens that they get for them."""
