"""Runs have labels, and can be searched by the words of their questions: those of runs that are there, too."""

import json

import sqlalchemy as sa
from alembic import op

from synapse.state.schema import Json
from synapse.state.words import ADD, stored, words_of

revision = "0007"
down_revision = "0006"
_BATCH = 500


def upgrade() -> None:
    """Add the column and the table of words, which is a full-text index on either database."""
    op.add_column("run", sa.Column("labels", Json, nullable=False, server_default=sa.text("'{}'")))
    if op.get_bind().dialect.name == "postgresql":
        # Beside the run, whose row changes with every step: an index of its own columns would be paid for by each of them.
        op.execute('CREATE TABLE run_words (run text COLLATE "C" PRIMARY KEY, words tsvector NOT NULL)')
        op.execute("CREATE INDEX run_words_found ON run_words USING gin (words)")
        op.execute("CREATE INDEX run_labels ON run USING gin (labels) WHERE labels <> '{}'")
    else:
        # Words come separated by blanks and without accents: its simplest tokenizer leaves them as they are.
        op.execute("CREATE VIRTUAL TABLE run_words USING fts5(words, run UNINDEXED, tokenize = 'ascii', detail = 'none')")
    _fill()


def _fill() -> None:
    """Write down the words of the runs that are there already, a batch at a time."""
    connection = op.get_bind()
    dialect, last = connection.dialect.name, ""
    page = sa.text("SELECT id, input FROM run WHERE id > :last ORDER BY id LIMIT :batch")
    while rows := connection.execute(page, {"last": last, "batch": _BATCH}).all():
        last = rows[-1][0]
        for run, given in rows:
            found = words_of(json.loads(given) if isinstance(given, str) else given)
            if found:
                connection.execute(sa.text(ADD[dialect]), {"run": run, "words": stored(dialect, found)})


def downgrade() -> None:
    """Drop them."""
    op.drop_table("run_words")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("run_labels", "run")
    with op.batch_alter_table("run") as table:
        table.drop_column("labels")
