from __future__ import annotations

import pytest
from celery.app.defaults import NAMESPACES, flatten
from pydantic import SecretStr

from synapse.engine.configuration import celery_settings, pool_of
from synapse.settings import BrokerSettings, EngineSettings

AMQP = BrokerSettings(broker_url=SecretStr("amqp://somewhere:5672/x"), queue_type="quorum", task_events=False)


def test_celery_knows_every_name_that_it_is_told() -> None:
    known = {name for name, _ in flatten(NAMESPACES)}
    assert [name for name in celery_settings([]) if name not in known] == []


def test_given_settings_go_before_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_BROKER_URL", "amqp://elsewhere")
    monkeypatch.setenv("SYNAPSE_CONCURRENCY", "9")
    told = celery_settings(["synapse-a"], AMQP, EngineSettings(concurrency=2))
    assert (told["broker_url"], told["worker_concurrency"], told["worker_send_task_events"]) == ("amqp://somewhere:5672/x", 2, False)
    assert (celery_settings([])["broker_url"], celery_settings([])["worker_concurrency"]) == ("amqp://elsewhere", 9)


def test_by_default_the_queues_are_those_of_every_installed_agent() -> None:
    names = {queue.name for queue in celery_settings()["task_queues"]}
    assert {"synapse-orchestrator", "synapse-search", "synapse-logger"} <= names


def test_queues_are_of_the_kind_that_the_broker_settings_name() -> None:
    (queue,) = celery_settings(["synapse-a"], AMQP)["task_queues"]
    assert queue.queue_arguments["x-queue-type"] == "quorum"


def test_a_message_is_acknowledged_only_when_its_result_is_recorded_and_no_worker_hoards() -> None:
    told = celery_settings([])
    assert (told["task_acks_late"], told["task_reject_on_worker_lost"], told["worker_prefetch_multiplier"]) == (True, True, 1)


def test_nobody_but_the_main_thread_speaks_on_the_connection_that_it_reads() -> None:
    assert celery_settings([])["worker_enable_prefetch_count_reduction"] is False


def test_a_broker_that_refuses_something_while_it_starts_does_not_end_the_worker() -> None:
    assert celery_settings([])["broker_channel_error_retry"] is True


def test_a_misspelt_queue_is_an_error_and_nothing_but_json_is_read() -> None:
    told = celery_settings([])
    assert (told["task_create_missing_queues"], told["accept_content"], told["result_backend"]) == (False, ["json"], None)


@pytest.mark.parametrize(("broker", "polls", "limit"), [(BrokerSettings(broker_url=None), 0.01, None), (AMQP, None, 86_400)])
def test_over_memory_it_polls_often_and_over_rabbitmq_it_has_a_last_time_limit(
    broker: BrokerSettings, polls: float | None, limit: int | None
) -> None:
    told = celery_settings([], broker)
    assert told["broker_transport_options"].get("polling_interval") == polls
    assert told["task_time_limit"] == limit


@pytest.mark.parametrize(
    ("arguments", "pool"),
    [
        (["-P", "prefork"], "prefork"),
        (["--pool", "prefork"], "prefork"),
        (["--pool=prefork"], "prefork"),
        ([], "threads"),
        (["-P", "solo"], "threads"),
    ],
)
def test_workers_use_threads_unless_processes_are_asked_for(arguments: list[str], pool: str) -> None:
    assert pool_of(["celery", "worker", *arguments]) == pool
