"""A run knows the position of its last event, so that no later one gets a lower position."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; runs that are there go on from the positions of new transactions, which are higher."""
    op.add_column("run", sa.Column("position", sa.BigInteger(), nullable=False, server_default="0", comment="that of its last event"))


def downgrade() -> None:
    """Drop the column."""
    with op.batch_alter_table("run") as table:
        table.drop_column("position")
