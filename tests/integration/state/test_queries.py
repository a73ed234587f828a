"""Questions to a PostgreSQL that goes away in the middle of them."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa

from synapse.errors import Unavailable
from synapse.state.queries import open_engine


def test_a_question_whose_connection_is_cut_says_so_and_the_next_one_has_another(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    try:
        with engine.connect() as connection:
            pid = connection.scalar(sa.text("SELECT pg_backend_pid()"))
            with psycopg.connect(postgres_url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s)", (pid,))
            with pytest.raises(Unavailable, match="does not answer"):
                connection.scalar(sa.text("SELECT 1"))
        with engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT 1")) == 1
    finally:
        engine.dispose()
