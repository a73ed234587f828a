"""Celery around the ledger: publishing, trying steps, keeping house."""
