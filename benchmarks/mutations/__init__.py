"""Synapse broken on purpose, one promise at a time, to see whether a test notices."""
