"""Synapse: durable multi-agent research workflows on Celery, with evidence for every statement."""

__version__ = "0.1.0"
