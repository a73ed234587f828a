"""Alembic runs this with the connection that `Database.upgrade` holds."""

from alembic import context

from synapse.state import schema

context.configure(connection=context.config.attributes["connection"], target_metadata=schema.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
