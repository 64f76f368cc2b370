"""MLflow tracking: experiments, parameters, metrics and tags of runs."""
