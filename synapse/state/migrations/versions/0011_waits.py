"""A step may wait without a message, and there are signals that end such waits."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from synapse.state.schema import Index, Timestamp

revision = "0011"
down_revision = "0010"

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("step", sa.Column("wait", _JSON, comment="what a step of no agent waits for (synapse.state.waits)"))
    op.create_table(
        "signal",
        sa.Column("run", Index, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="that of its event"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("idx", Index, nullable=False, comment="the member of foreachs that it is for"),
        sa.Column(
            "payload", sa.Text(), nullable=False, comment="JSON; SQLite would take a number in a column of that type for one of its own"
        ),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True, comment="sha256 of the request that first used the key"),
        sa.Column("node", Index, nullable=True, comment="the step that took it, at the same idx"),
        sa.Column("attempt", sa.Integer(), nullable=True, comment="which wait of that step"),
        sa.PrimaryKeyConstraint("run", "number"),
        sa.UniqueConstraint("run", "idempotency_key", name="signal_key"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("signal")
    with op.batch_alter_table("step") as table:
        table.drop_column("wait")
