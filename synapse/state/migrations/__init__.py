"""Alembic migrations, run by `Database.upgrade` and `synapse db upgrade`."""
