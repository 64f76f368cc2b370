"""Through the SDK v2, azure-ai-ml, which is imported only here."""
