from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from celery import Celery
from celery.worker.request import Request
from kombu import Connection, Consumer, Queue

from synapse.contracts.messages import Event, MessageType
from synapse.engine import messages
from synapse.state.records import Hint
from tests.waiting import PATIENCE

EVENT = Event(
    run="run-1", seq=7, at=datetime(2026, 1, 1, tzinfo=UTC), type=MessageType.STATUS_UPDATE, name="step.started", agent="search.rank"
)
HINT = Hint("run-1", "read[3]", "search.rank", "d" * 64, traceparent="00-abc-def-01")


def test_a_hint_carries_ids_and_nothing_else() -> None:
    body = messages.of_hint(HINT).body
    arguments, options, _ = json.loads(body)
    assert (arguments, options) == (["run-1", "read[3]", "d" * 64], {})
    assert len(body) < 250


def test_all_messages_about_a_step_have_one_task_id_below_their_run() -> None:
    properties = messages.of_hint(HINT).properties
    assert properties["headers"]["id"] == messages.task_id(HINT) == properties["correlation_id"] == "run-1:read[3]"
    assert properties["headers"]["root_id"] == "run-1"


def test_messages_survive_a_restart_of_the_broker() -> None:
    assert {messages.of_hint(HINT).properties["delivery_mode"], messages.of_event(EVENT).properties["delivery_mode"]} == {2}


def test_an_event_goes_out_under_its_type_agent_and_name_and_can_be_told_from_its_repetition() -> None:
    sent = messages.of_event(EVENT)
    assert (sent.exchange, sent.routing_key, sent.mandatory) == ("synapse.events", "status_update.search-rank.step.started", False)
    assert (sent.properties["message_id"], sent.properties["type"]) == ("run-1:7", "status_update")
    assert Event.model_validate_json(sent.body) == EVENT


@pytest.mark.parametrize(("trace", "there"), [("00-abc-def-01", True), (None, False)])
def test_the_trace_goes_along_where_there_is_one(trace: str | None, there: bool) -> None:
    assert ("traceparent" in messages.of_hint(Hint("r", "a", "search", "d", trace)).properties["headers"]) is there


@pytest.mark.parametrize(("agent", "queue"), [("search.rank", "synapse-search"), ("fact_check", "synapse-fact-check")])
def test_it_goes_to_the_queue_of_the_agents_module(agent: str, queue: str) -> None:
    assert messages.of_hint(Hint("r", "a", agent, "d")).routing_key == queue


def test_celery_reads_it_as_the_task_message_that_apply_async_would_have_sent() -> None:
    app = Celery("reader", broker="memory://", set_as_current=False)
    ran: list[Any] = []

    @app.task(shared=False, name="synapse.search.rank", typing=False, ignore_result=True)
    def rank(*arguments: Any) -> None:
        ran.append(arguments)

    with Connection("memory://") as connection, connection.channel() as channel:
        sent = messages.of_hint(HINT)
        message = channel.prepare_message(sent.body, 0, "application/json", "utf-8", sent.properties["headers"], sent.properties)
        channel.basic_publish(message, sent.exchange, sent.routing_key)
        got: list[Any] = []
        with Consumer(channel, [Queue("synapse-search", exchange="", routing_key="synapse-search")], on_message=got.append, no_ack=True):
            connection.drain_events(timeout=PATIENCE)
    request = Request(got[0], app=app, decoded=False, task=app.tasks["synapse.search.rank"], on_ack=lambda *_: None, hostname="here")
    assert (request.id, request.root_id, request.name) == ("run-1:read[3]", "run-1", "synapse.search.rank")
    assert request.args == ["run-1", "read[3]", "d" * 64]
    assert request.argsrepr == "('run-1', 'read[3]')"
    rank(*request.args)
    assert ran == [("run-1", "read[3]", "d" * 64)]


def test_a_hint_has_the_priority_of_its_run() -> None:
    assert messages.of_hint(Hint("r", "a", "search", "d", priority=9)).properties["priority"] == 9
    assert messages.of_hint(Hint("r", "a", "search", "d")).properties["priority"] == 5
