"""Tenants make workflows of their own, in versions."""

import sqlalchemy as sa
from alembic import op

from synapse.state.schema import Index, Json, Timestamp

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "definition",
        sa.Column("tenant", Index, nullable=False),
        sa.Column("name", Index, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", "version"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("definition")
