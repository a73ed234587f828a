"""Alembic runs this with the connection that `Database.upgrade` holds."""

from alembic import context

from synapse.state import schema

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=schema.metadata,
    render_as_batch=True,
    # So that no migration holds its locks while others run. SQLite lets nobody else in anyway.
    transaction_per_migration=connection.dialect.name == "postgresql",
)
with context.begin_transaction():
    context.run_migrations()
