"""What really runs a submitted job: queues, nodes, environments, processes, logs and files."""
