"""Through the SDK v1, azureml-core, which is imported only here; its support has ended on 2026-06-30."""
