"""Azure Machine Learning: a job of a cluster for every notebook, the same by both SDKs, each of which has a folder."""
