"""Messages that the broker gave up are kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from synapse.state.schema import Timestamp

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "dead_letter",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="what a message that comes twice is known by"),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("died_at", Timestamp(), nullable=False),
        sa.Column("recorded_at", Timestamp(), nullable=False),
        sa.Column("run", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False, comment="bytes of the body, kept or not"),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("routing_key", sa.Text(), nullable=False),
        sa.Column("properties", sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("digest"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("dead_letter")
