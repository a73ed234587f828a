"""Logs and metrics: each name once."""
