"""The Azure Pipelines agent: what it hands to a task, and the logging commands it understands."""
