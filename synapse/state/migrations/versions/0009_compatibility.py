"""The tables say which programs may work with them, so that those of the version before go on while a newer one is rolled out."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the table and its row."""
    op.create_table("compatibility", sa.Column("oldest", sa.Text(), nullable=False), sa.PrimaryKeyConstraint("oldest"))
    op.execute("INSERT INTO compatibility (oldest) VALUES ('0008')")


def downgrade() -> None:
    """Drop it."""
    op.drop_table("compatibility")
