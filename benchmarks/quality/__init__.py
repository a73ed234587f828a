"""Benchmarks of what comes out, not of how fast."""
