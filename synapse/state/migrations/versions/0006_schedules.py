"""There are schedules, and a row for each of their due times."""

import sqlalchemy as sa
from alembic import op

from synapse.state.schema import Index, Json, Timestamp

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "schedule",
        sa.Column("id", Index, nullable=False),
        sa.Column("tenant", Index, nullable=False),
        sa.Column("name", Index, nullable=False),
        sa.Column("body", Json, nullable=False, comment="what was asked for, but for name and paused"),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.Column("due", Timestamp(), comment="the next due time; changes only together with what is done about it"),
        sa.Column("fire_at", Timestamp(), comment="due with its jitter"),
        sa.Column("last_due", Timestamp()),
        sa.Column("last_run", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tenant", "name", name="schedule_name"),
    )
    waiting = sa.text("fire_at IS NOT NULL")
    op.create_index("schedule_due", "schedule", ["fire_at"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "firing",
        sa.Column("schedule", Index, nullable=False),
        sa.Column("due", Timestamp(), nullable=False),
        sa.Column("until", Timestamp(), comment="the last one, where several were missed together"),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("manual", sa.Boolean(), nullable=False),
        sa.Column("code", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.Column("run", Index),
        sa.Column("at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("schedule", "due"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("firing")
    op.drop_table("schedule")
