"""What a worker of each kind needs in memory over many tasks."""
