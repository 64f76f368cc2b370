"""Azure Machine Learning through its SDK v2: a job of a cluster for every notebook. The SDK is imported only here."""
