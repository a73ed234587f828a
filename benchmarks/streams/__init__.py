"""The API under many readers of live events and a steady stream of submissions: ``python -m benchmarks.streams``."""
