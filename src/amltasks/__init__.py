"""Machine-learning work in Azure Pipelines: notebooks run, tested and published."""

__version__ = "1.0.0"
