"""The first tables."""

import sqlalchemy as sa
from alembic import op

from synapse.state.schema import Index, Json, Timestamp

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "arrival",
        sa.Column("run", Index, nullable=False),
        sa.Column("node", Index, nullable=False),
        sa.Column("idx", Index, nullable=False),
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("run", "node", "idx", "member"),
    )
    op.create_table(
        "blob",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "event",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default=sa.text("0"), nullable=False),
        sa.Column("run", Index, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("run", "seq"),
    )
    op.create_index("event_position", "event", ["position", "run", "seq"], unique=False)
    op.create_table(
        "fan_out",
        sa.Column("run", Index, nullable=False),
        sa.Column("node", Index, nullable=False),
        sa.Column("idx", Index, nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False, comment="width less the arrivals; changed with them only"),
        sa.Column("succeeded", sa.Integer(), server_default="0", nullable=False),
        sa.Column("items", Json, nullable=True),
        sa.PrimaryKeyConstraint("run", "node", "idx"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", Timestamp(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True, comment="what the holder leaves for the next one, e.g. how far a relay came"),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "step",
        sa.Column("run", Index, nullable=False),
        sa.Column("node", Index, nullable=False),
        sa.Column("idx", Index, nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False, comment="claims so far: the fence"),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False, comment="attempts that ended in an error"),
        sa.Column("lost", sa.Integer(), server_default="0", nullable=False, comment="attempts whose lease ran out"),
        sa.Column("hints", sa.Integer(), server_default="0", nullable=False, comment="hints that were given up for lost"),
        sa.Column("due", Timestamp(), nullable=True, comment="when the hint (ready), the timer (waiting) or the lease (running) runs out"),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("started_at", Timestamp(), nullable=True),
        sa.Column("finished_at", Timestamp(), nullable=True),
        sa.Column("output", Json, nullable=True),
        sa.Column("error", Json, nullable=True),
        sa.PrimaryKeyConstraint("run", "node", "idx"),
    )
    op.create_index(
        "step_due",
        "step",
        ["due"],
        unique=False,
        sqlite_where=sa.text("due IS NOT NULL"),
        postgresql_where=sa.text("due IS NOT NULL"),
    )
    op.create_table(
        "workflow",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "run",
        sa.Column("id", Index, nullable=False),
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("input", Json, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False, comment="the number of its last event"),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("deadline", Timestamp(), nullable=True),
        sa.Column("timeout", sa.Float(), nullable=True, comment="seconds; what a resumed run gets again"),
        sa.Column("finished_at", Timestamp(), nullable=True),
        sa.Column("error", Json, nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True, comment="sha256 of the request that first used the key"),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["digest"],
            ["workflow.digest"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idempotency_key"),
    )
    op.create_index(
        "run_deadline",
        "run",
        ["deadline"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index("run_newest", "run", ["created_at", "id"], unique=False)


def downgrade() -> None:
    """Drop every table."""
    for table in ("step", "fan_out", "event", "arrival", "run", "workflow", "lease", "blob"):
        op.drop_table(table)
