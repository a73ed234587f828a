"""A run belongs to a tenant, an idempotency key is its tenant's, and there are API keys.

Programs of the version before go on meanwhile: their runs are the default tenant's.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from synapse.state.schema import Index, Json, Timestamp

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column and the table; the constraint on keys of all runs becomes one on those of a tenant."""
    op.add_column("run", sa.Column("tenant", Index, nullable=False, server_default="default", comment="whose it is; never changes"))
    op.drop_index("run_newest", "run")
    op.create_index("run_newest", "run", ["tenant", "created_at", "id"])
    _constrain(["idempotency_key"], "run_idempotency_key_key", ["tenant", "idempotency_key"], "run_key")
    op.create_table(
        "api_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="sha256 of the secret, which is kept nowhere"),
        sa.Column("scopes", sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", Timestamp(), nullable=True),
        sa.Column("revoked_at", Timestamp(), nullable=True),
        sa.Column("last_used_at", Timestamp(), nullable=True, comment="to the minute"),
        sa.Column("replaces", sa.Text(), nullable=True, comment="the key that this one was rotated from"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("api_key_tenant", "api_key", ["tenant", "created_at", "id"])


def downgrade() -> None:
    """Drop them. Fails when two tenants have used the same key."""
    op.drop_table("api_key")
    _constrain(["tenant", "idempotency_key"], "run_key", ["idempotency_key"], "run_idempotency_key_key")
    op.drop_index("run_newest", "run")
    op.create_index("run_newest", "run", ["created_at", "id"])
    with op.batch_alter_table("run") as table:
        table.drop_column("tenant")


def _constrain(old: list[str], old_name: str, new: list[str], new_name: str) -> None:
    """Put one unique constraint on ``run`` in the place of another."""
    if op.get_bind().dialect.name == "postgresql":
        op.create_unique_constraint(new_name, "run", new)
        op.drop_constraint(old_name, "run", type_="unique")
        return
    # SQLite cannot drop a constraint: the table is written anew. It is described here, for its old constraint has no name to find it by.
    with op.batch_alter_table("run", copy_from=_run(), recreate="always") as table:
        table.create_unique_constraint(new_name, new)


def _run() -> sa.Table:
    unfinished = sa.text("finished_at IS NULL")
    newest = ["tenant", "created_at", "id"]
    return sa.Table(
        "run",
        sa.MetaData(),
        sa.Column("id", Index, primary_key=True),
        sa.Column("workflow", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("input", Json, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("deadline", Timestamp),
        sa.Column("timeout", sa.Float),
        sa.Column("finished_at", Timestamp),
        sa.Column("error", Json),
        sa.Column("idempotency_key", sa.Text),
        sa.Column("fingerprint", sa.Text),
        sa.Column("traceparent", sa.Text),
        sa.Column("position", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("tenant", Index, nullable=False, server_default="default"),
        sa.ForeignKeyConstraint(["digest"], ["workflow.digest"]),
        sa.Index("run_newest", *newest),
        sa.Index("run_deadline", "deadline", sqlite_where=unfinished),
    )
