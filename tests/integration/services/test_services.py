"""The private servers keep their promises: the tests and benchmarks of everything else stand on them."""

from __future__ import annotations

import kombu
import psycopg

from tests.services import Postgres, RabbitMQ


def _put(url: str, queue: str) -> None:
    with kombu.Connection(url, transport_options={"confirm_publish": True}) as connection, connection.SimpleQueue(queue) as simple:
        simple.put("hello")


def _depth(url: str, queue: str) -> int:
    with kombu.Connection(url) as connection, connection.SimpleQueue(queue) as simple:
        return simple.qsize()


def test_a_database_is_empty_and_syncs_its_commits(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone() == (0,)
        settings = connection.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')").fetchone()
    assert settings == ("on", "on")


def test_a_killed_database_server_starts_again_on_its_port_with_what_was_committed(postgres: Postgres, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    postgres.kill()
    assert not postgres.running
    postgres.start()
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_virtual_hosts_do_not_see_each_other(rabbitmq: RabbitMQ, broker_url: str) -> None:
    other = rabbitmq.create_vhost()
    _put(broker_url, "letters")
    assert _depth(broker_url, "letters") == 1
    assert _depth(other, "letters") == 0
    rabbitmq.drop_vhost(other)


def test_a_killed_broker_keeps_confirmed_messages_and_a_wiped_one_keeps_none(rabbitmq: RabbitMQ, broker_url: str) -> None:
    _put(broker_url, "letters")
    rabbitmq.kill()
    rabbitmq.start()
    assert _depth(broker_url, "letters") == 1
    rabbitmq.wipe()
    assert _depth(broker_url, "letters") == 0
