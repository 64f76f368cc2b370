"""Repositories of the project, served from local git repositories."""
