"""Azure DevOps on loopback: its REST services, an agent that runs pipeline YAML, and a page to look at what came of it.

Imports nothing of what it is used to test; they meet on the wire.
"""
