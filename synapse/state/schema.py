"""The tables. PostgreSQL and SQLite have the same columns; times are timestamptz there and epoch seconds here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator

metadata = sa.MetaData()


class Timestamp(TypeDecorator[datetime]):
    """An aware datetime: timestamptz on PostgreSQL, epoch seconds on SQLite, which has no time type."""

    impl = sa.Float
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """The column's type on that database."""
        return dialect.type_descriptor(sa.TIMESTAMP(timezone=True) if dialect.name == "postgresql" else sa.Float())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """To the database."""
        return value.timestamp() if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """From the database."""
        return datetime.fromtimestamp(value, UTC) if isinstance(value, (int, float)) else value


Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
# Ranges of index texts must compare by byte, whatever the database's language is; and bytes are quicker to compare.
Index = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

workflow = sa.Table(
    "workflow",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("body", Json, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
)

# The two partial indexes serve sweeps only. Their conditions are on purpose not implied by a claim's or a completion's
# (which ask for a state): PostgreSQL would read such an index from end to end to find one step among all open ones.
_UNFINISHED = sa.text("finished_at IS NULL")

run = sa.Table(
    "run",
    metadata,
    sa.Column("id", Index, primary_key=True),
    sa.Column("workflow", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, sa.ForeignKey("workflow.digest"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("input", Json, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False, comment="the number of its last event"),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("deadline", Timestamp),
    sa.Column("timeout", sa.Float, comment="seconds; what a resumed run gets again"),
    sa.Column("finished_at", Timestamp),
    sa.Column("error", Json),
    sa.Column("idempotency_key", sa.Text),
    sa.Column("fingerprint", sa.Text, comment="sha256 of the request that first used the key"),
    sa.Column("traceparent", sa.Text),
    sa.Column("position", sa.BigInteger, nullable=False, server_default="0", comment="that of its last event"),
    sa.Column("tenant", Index, nullable=False, server_default="default", comment="whose it is; never changes"),
    sa.Column("priority", sa.SmallInteger, nullable=False, server_default="5", comment="1 to 9, the most urgent"),
    # PostgreSQL also has an index of it (of runs that have labels), and a table of words beside: `synapse.state.words`. The migration
    # makes them, for SQLite has another kind of both.
    sa.Column("labels", Json, nullable=False, server_default=sa.text("'{}'")),
    sa.UniqueConstraint("tenant", "idempotency_key", name="run_key"),
    sa.Index("run_newest", "tenant", "created_at", "id"),
    sa.Index("run_deadline", "deadline", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
)

# The tables below name their run without a foreign key: it would cost a look-up and a lock on the run for every row written,
# and the ledger writes them only in transactions that hold the run.
_DUE = sa.text("due IS NOT NULL")

step = sa.Table(
    "step",
    metadata,
    sa.Column("run", Index, primary_key=True),
    sa.Column("node", Index, primary_key=True),
    sa.Column("idx", Index, primary_key=True),
    sa.Column("agent", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0", comment="claims so far: the fence"),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0", comment="attempts that ended in an error"),
    sa.Column("lost", sa.Integer, nullable=False, server_default="0", comment="attempts whose lease ran out"),
    sa.Column("hints", sa.Integer, nullable=False, server_default="0", comment="hints that were given up for lost"),
    sa.Column("due", Timestamp, comment="when the hint (ready), the timer (waiting, parked) or the lease (running) runs out"),
    sa.Column("worker", sa.Text),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("started_at", Timestamp),
    sa.Column("finished_at", Timestamp),
    sa.Column("output", Json),
    sa.Column("error", Json),
    sa.Column("wait", Json, comment="what a step of no agent waits for (synapse.state.waits)"),
    sa.Index("step_due", "due", sqlite_where=_DUE, postgresql_where=_DUE),
)

signal = sa.Table(
    "signal",
    metadata,
    sa.Column("run", Index, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, comment="that of its event"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("idx", Index, nullable=False, comment="the member of foreachs that it is for"),
    sa.Column("payload", sa.Text, nullable=False, comment="JSON; SQLite would take a number in a column of that type for one of its own"),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("at", Timestamp, nullable=False),
    sa.Column("idempotency_key", sa.Text),
    sa.Column("fingerprint", sa.Text, comment="sha256 of the request that first used the key"),
    sa.Column("node", Index, comment="the step that took it, at the same idx"),
    sa.Column("attempt", sa.Integer, comment="which wait of that step"),
    sa.UniqueConstraint("run", "idempotency_key", name="signal_key"),
)

fan_out = sa.Table(
    "fan_out",
    metadata,
    sa.Column("run", Index, primary_key=True),
    sa.Column("node", Index, primary_key=True),
    sa.Column("idx", Index, primary_key=True),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("pending", sa.Integer, nullable=False, comment="width less the arrivals; changed with them only"),
    sa.Column("succeeded", sa.Integer, nullable=False, server_default="0"),
    sa.Column("items", Json),
)

arrival = sa.Table(
    "arrival",
    metadata,
    sa.Column("run", Index, primary_key=True),
    sa.Column("node", Index, primary_key=True),
    sa.Column("idx", Index, primary_key=True),
    sa.Column("member", sa.Integer, primary_key=True),
    sa.Column("ok", sa.Boolean, nullable=False),
)

event = sa.Table(
    "event",
    metadata,
    # Commit order, as far as it can be known: on PostgreSQL the writing transaction's id, or that of an earlier event of the run
    # where it is higher; on SQLite a number counted up.
    sa.Column(
        "position",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        nullable=False,
        server_default=sa.text("0"),
    ),
    sa.Column("run", Index, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("at", Timestamp, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("step", sa.Text),
    sa.Column("agent", sa.Text),
    sa.Column("attempt", sa.Integer),
    sa.Column("data", Json, nullable=False),
    sa.Index("event_position", "position", "run", "seq"),
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("until", Timestamp, nullable=False),
    sa.Column("note", sa.Text, comment="what the holder leaves for the next one, e.g. how far a relay came"),
)

blob = sa.Table(
    "blob",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
)

dead_letter = sa.Table(
    "dead_letter",
    metadata,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("digest", sa.Text, nullable=False, unique=True, comment="what a message that comes twice is known by"),
    sa.Column("queue", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("died_at", Timestamp, nullable=False),
    sa.Column("recorded_at", Timestamp, nullable=False),
    sa.Column("run", Index),
    sa.Column("step", sa.Text),
    sa.Column("size", sa.Integer, nullable=False, comment="bytes of the body, kept or not"),
    sa.Column("exchange", sa.Text, nullable=False),
    sa.Column("routing_key", sa.Text, nullable=False),
    sa.Column("properties", Json, nullable=False),
    sa.Column("body", sa.LargeBinary),
)

# One row, changed by migrations only: the oldest version whose programs may work with these tables.
compatibility = sa.Table("compatibility", metadata, sa.Column("oldest", sa.Text, primary_key=True))

api_key = sa.Table(
    "api_key",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, comment="sha256 of the secret, which is kept nowhere"),
    sa.Column("scopes", Json, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("expires_at", Timestamp),
    sa.Column("revoked_at", Timestamp),
    sa.Column("last_used_at", Timestamp, comment="to the minute"),
    sa.Column("replaces", sa.Text, comment="the key that this one was rotated from"),
    sa.Index("api_key_tenant", "tenant", "created_at", "id"),
)

definition = sa.Table(
    "definition",
    metadata,
    sa.Column("tenant", Index, primary_key=True),
    sa.Column("name", Index, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("body", Json, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
)

# Only where tenants have limits (synapse.state.window): a step that is ready and not yet taken has a row, sent or waiting for its turn.
ticket = sa.Table(
    "ticket",
    metadata,
    sa.Column("run", Index, primary_key=True),
    sa.Column("node", Index, primary_key=True),
    sa.Column("idx", Index, primary_key=True),
    sa.Column("tenant", Index, nullable=False),
    sa.Column("sent", sa.Boolean, nullable=False),
    sa.Column("rank", sa.SmallInteger, nullable=False, comment="9 less the run's priority"),
    sa.Column("at", Timestamp, nullable=False),
    sa.Index("ticket_turn", "tenant", "sent", "rank", "at", "run", "node", "idx"),
)

flow = sa.Table(
    "flow",
    metadata,
    sa.Column("tenant", Index, primary_key=True),
    sa.Column("tokens", sa.Float, nullable=False, comment="steps that may be sent at once"),
    sa.Column("at", Timestamp, nullable=False, comment="when that was so"),
)

schedule = sa.Table(
    "schedule",
    metadata,
    sa.Column("id", Index, primary_key=True),
    sa.Column("tenant", Index, nullable=False),
    sa.Column("name", Index, nullable=False),
    sa.Column("body", Json, nullable=False, comment="what was asked for, but for name and paused"),
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("updated_at", Timestamp, nullable=False),
    sa.Column("due", Timestamp, comment="the next due time; changes only together with what is done about it"),
    sa.Column("fire_at", Timestamp, comment="due with its jitter"),
    sa.Column("last_due", Timestamp),
    sa.Column("last_run", sa.Text),
    sa.UniqueConstraint("tenant", "name", name="schedule_name"),
    sa.Index("schedule_due", "fire_at", sqlite_where=sa.text("fire_at IS NOT NULL"), postgresql_where=sa.text("fire_at IS NOT NULL")),
)

# One row for each due time, whoever looked at it.
firing = sa.Table(
    "firing",
    metadata,
    sa.Column("schedule", Index, primary_key=True),
    sa.Column("due", Timestamp, primary_key=True),
    sa.Column("until", Timestamp, comment="the last one, where several were missed together"),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("manual", sa.Boolean, nullable=False),
    sa.Column("code", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("run", Index),
    sa.Column("at", Timestamp, nullable=False),
)

webhook = sa.Table(
    "webhook",
    metadata,
    sa.Column("id", Index, primary_key=True),
    sa.Column("tenant", Index, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("events", Json, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("secret", sa.Text, nullable=False, comment="what signs must be known in plain"),
    sa.Column("old_secret", sa.Text),
    sa.Column("old_secret_until", Timestamp),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("updated_at", Timestamp, nullable=False),
    sa.Column("disabled_at", Timestamp),
    sa.Column("disabled_because", sa.Text),
    sa.Column("failing_since", Timestamp),
    sa.Column("paused_until", Timestamp),
    sa.Index("webhook_tenant", "tenant", "created_at", "id"),
)

# A row for each event of each webhook that is enabled: where there is none, the end of a run looks at an index and is done.
webhook_subscription = sa.Table(
    "webhook_subscription",
    metadata,
    sa.Column("tenant", Index, primary_key=True),
    sa.Column("event", Index, primary_key=True),
    sa.Column("webhook", Index, primary_key=True),
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", Index, primary_key=True),
    sa.Column("webhook", Index, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("about", Index, nullable=False, comment="what happened, so that it is told once: of a run its id and the event's number"),
    sa.Column("data", Json, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, comment="claims so far: the fence"),
    sa.Column("tries", sa.Integer, nullable=False, comment="those of this round; a redelivery begins another one"),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("due", Timestamp, comment="when it is tried next, or the attempt under way is given up"),
    sa.Column("finished_at", Timestamp),
    sa.Column("log", Json, nullable=False),
    sa.UniqueConstraint("webhook", "about", name="delivery_about"),
    sa.Index("delivery_due", "webhook", "due", sqlite_where=_DUE, postgresql_where=_DUE),
    sa.Index("delivery_newest", "webhook", "created_at", "id"),
)
