"""A run has a priority, and there are tables for what tenants with limits have waiting."""

import sqlalchemy as sa
from alembic import op

from synapse.state.schema import Index, Timestamp

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add them."""
    op.add_column("run", sa.Column("priority", sa.SmallInteger(), nullable=False, server_default="5", comment="1 to 9, the most urgent"))
    op.create_table(
        "ticket",
        sa.Column("run", Index, nullable=False),
        sa.Column("node", Index, nullable=False),
        sa.Column("idx", Index, nullable=False),
        sa.Column("tenant", Index, nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False, comment="9 less the run's priority"),
        sa.Column("at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("run", "node", "idx"),
    )
    op.create_index("ticket_turn", "ticket", ["tenant", "sent", "rank", "at", "run", "node", "idx"])
    op.create_table(
        "flow",
        sa.Column("tenant", Index, nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False, comment="steps that may be sent at once"),
        sa.Column("at", Timestamp(), nullable=False, comment="when that was so"),
        sa.PrimaryKeyConstraint("tenant"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("flow")
    op.drop_table("ticket")
    with op.batch_alter_table("run") as table:
        table.drop_column("priority")
