"""There are webhooks, what they are told of, and what is to be delivered to them."""

import sqlalchemy as sa
from alembic import op

from synapse.state.schema import Index, Json, Timestamp

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "webhook",
        sa.Column("id", Index, nullable=False),
        sa.Column("tenant", Index, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("events", Json, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False, comment="what signs must be known in plain"),
        sa.Column("old_secret", sa.Text()),
        sa.Column("old_secret_until", Timestamp()),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.Column("disabled_at", Timestamp()),
        sa.Column("disabled_because", sa.Text()),
        sa.Column("failing_since", Timestamp()),
        sa.Column("paused_until", Timestamp()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("webhook_tenant", "webhook", ["tenant", "created_at", "id"])
    op.create_table(
        "webhook_subscription",
        sa.Column("tenant", Index, nullable=False),
        sa.Column("event", Index, nullable=False),
        sa.Column("webhook", Index, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "event", "webhook"),
    )
    about = "what happened, so that it is told once: of a run its id and the event's number"
    op.create_table(
        "delivery",
        sa.Column("id", Index, nullable=False),
        sa.Column("webhook", Index, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("about", Index, nullable=False, comment=about),
        sa.Column("data", Json, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="claims so far: the fence"),
        sa.Column("tries", sa.Integer(), nullable=False, comment="those of this round; a redelivery begins another one"),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("due", Timestamp(), comment="when it is tried next, or the attempt under way is given up"),
        sa.Column("finished_at", Timestamp()),
        sa.Column("log", Json, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("webhook", "about", name="delivery_about"),
    )
    due = sa.text("due IS NOT NULL")
    op.create_index("delivery_due", "delivery", ["webhook", "due"], sqlite_where=due, postgresql_where=due)
    op.create_index("delivery_newest", "delivery", ["webhook", "created_at", "id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("delivery")
    op.drop_table("webhook_subscription")
    op.drop_table("webhook")
