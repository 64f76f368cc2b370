"""Web services as the SDK v1 deploys them: container instances, services on AKS, and endpoints with versions there."""
