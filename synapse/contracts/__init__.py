"""The words that every part of Synapse shares: pydantic models, nothing else."""
