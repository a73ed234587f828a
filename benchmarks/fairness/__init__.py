"""What one tenant's many runs cost another one's few, with and without a window: ``python -m benchmarks.fairness``."""
