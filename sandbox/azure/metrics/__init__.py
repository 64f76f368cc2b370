"""Metrics as the SDK v1 logs and reads them; numbers are the same that MLflow has."""
