from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import kombu
import pytest
from pydantic import SecretStr

from synapse.contracts.messages import Event, MessageType
from synapse.engine import publisher as module
from synapse.engine.frames import Publication
from synapse.engine.publisher import AmqpPublisher, MemoryPublisher, open_publisher
from synapse.settings import BrokerSettings
from synapse.state.records import Hint
from tests.unit.engine import fake_amqp
from tests.unit.engine.fake_amqp import FakeBroker, FakeChannel
from tests.waiting import PATIENCE

QUEUES = ("synapse-search", "synapse-fact-check")


def hint(number: int, agent: str = "search") -> Hint:
    return Hint("r1", f"read[{number}]", agent, "d" * 64)


def event(seq: int) -> Event:
    return Event(
        run="r1", seq=seq, at=datetime(2026, 1, 1, tzinfo=UTC), type=MessageType.STATUS_UPDATE, name="step.started", agent="search.rank"
    )


def places(messages: list[dict[str, Any]]) -> list[str]:
    return [json.loads(message["body"])[0][1] for message in messages]


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBroker]:
    made = FakeBroker()
    monkeypatch.setattr(kombu, "Connection", made.connect)
    yield made
    made.close()


@pytest.fixture
def publisher(broker: FakeBroker) -> Iterator[AmqpPublisher]:
    made = AmqpPublisher("amqp://here", QUEUES, confirm_timeout=0.1)
    yield made
    made.close()


def test_hints_go_to_the_queues_of_their_agents_and_must_be_routed(broker: FakeBroker, publisher: AmqpPublisher) -> None:
    assert publisher.hints([hint(1), hint(2, "fact_check")]) == 2
    assert [(sent["exchange"], sent["routing_key"], sent["mandatory"]) for sent in broker.sent] == [
        ("", "synapse-search", True),
        ("", "synapse-fact-check", True),
    ]
    assert [sent["headers"]["task"] for sent in broker.sent] == ["synapse.search", "synapse.fact_check"]
    assert {sent["delivery_mode"] for sent in broker.sent} == {2}


def test_events_go_to_the_topic_exchange_as_plain_json(broker: FakeBroker, publisher: AmqpPublisher) -> None:
    assert publisher.events([event(1), event(2)]) == 2
    first = broker.sent[0]
    assert (first["exchange"], first["routing_key"]) == ("synapse.events", "status_update.search-rank.step.started")
    assert Event.model_validate_json(first["body"]) == event(1)
    assert (first["content_type"], first["message_id"], first["type"]) == ("application/json", "r1:1", "status_update")


def test_what_messages_need_is_declared_once_for_each_connection(broker: FakeBroker, publisher: AmqpPublisher) -> None:
    publisher.hints([hint(1)])
    publisher.hints([hint(2)])
    publisher.events([event(1)])
    dead = ["synapse.dead", "synapse-dead", "synapse.dead -> synapse-dead"]
    assert broker.declared == ["synapse.events", "synapse.dead", *dead, *QUEUES]
    assert len(broker.connections) == 1


def test_a_message_is_sent_again_as_it_was(broker: FakeBroker, publisher: AmqpPublisher) -> None:
    assert publisher.again([Publication("", QUEUES[0], b"as it was", {"content_type": "text/plain"}, mandatory=True)]) == 1
    assert [(sent["routing_key"], sent["body"]) for sent in broker.sent] == [(QUEUES[0], "as it was")]


def test_without_messages_nobody_is_asked(broker: FakeBroker, publisher: AmqpPublisher) -> None:
    assert (publisher.hints([]), publisher.events([])) == (0, 0)
    assert broker.connections == []


@pytest.mark.parametrize("answer", [fake_amqp.ack_first, fake_amqp.ack_last, fake_amqp.ack_all, fake_amqp.ack_second_then_all])
def test_confirms_are_waited_for_in_whatever_order_they_come(
    broker: FakeBroker, publisher: AmqpPublisher, answer: Callable[[FakeChannel], None]
) -> None:
    broker.answer = answer
    for _ in range(3):
        assert publisher.hints([hint(number) for number in range(5)]) == 5
        (connection,) = broker.connections
        assert connection.made is not None
        assert connection.made.open == {}
    assert len(broker.delivered) == len(broker.sent) == 15


def test_a_message_that_no_queue_takes_is_counted_out(broker: FakeBroker, publisher: AmqpPublisher, logs: list[Any]) -> None:
    assert publisher.hints([hint(1), hint(2, "stranger"), hint(3)]) == 2
    assert [line["event"] for line in logs] == ["publish.unroutable"]
    assert "synapse-stranger" in logs[0]["details"]
    assert publisher.hints([hint(4)]) == 1


def test_a_refused_message_is_sent_again_on_a_new_connection(broker: FakeBroker, publisher: AmqpPublisher) -> None:
    answers = iter([fake_amqp.ack_first, fake_amqp.nack])
    broker.answer = lambda channel: next(answers, fake_amqp.ack_first)(channel)
    assert publisher.hints([hint(1), hint(2)]) == 2
    assert [connection.closed for connection in broker.connections] == [True, False]
    assert sorted(places(broker.delivered)) == ["read[1]", "read[2]"]


def test_a_broker_that_refuses_again_is_given_up_without_an_error(broker: FakeBroker, publisher: AmqpPublisher, logs: list[Any]) -> None:
    broker.answer = fake_amqp.nack
    assert publisher.hints([hint(1)]) == publisher.hints([hint(2)]) == 0
    assert [line["event"] for line in logs] == ["publish.failed"]
    assert [connection.closed for connection in broker.connections] == [True] * 4


def test_a_broken_connection_is_made_anew_once_and_what_was_not_confirmed_is_sent_again(
    broker: FakeBroker, publisher: AmqpPublisher, logs: list[Any]
) -> None:
    broker.breaks_after = 2
    assert publisher.hints([hint(1), hint(2), hint(3)]) == 3
    assert places(broker.sent) == ["read[1]", "read[2]", "read[1]", "read[2]", "read[3]"]
    assert places(broker.delivered) == ["read[1]", "read[2]", "read[3]"]
    assert logs == []


def test_what_was_confirmed_before_the_connection_broke_is_not_sent_again(broker: FakeBroker, publisher: AmqpPublisher) -> None:
    count: list[int] = []

    def one_then_none(channel: FakeChannel) -> None:
        if count:
            channel.connection.broken, broker.answer = True, fake_amqp.ack_first
            channel.connection.check()
        count.append(1)
        fake_amqp.ack_first(channel)

    broker.answer = one_then_none
    assert publisher.hints([hint(1), hint(2)]) == 2
    assert places(broker.sent) == ["read[1]", "read[2]", "read[2]"]


def test_a_broker_that_is_away_costs_no_error_and_leaves_no_connection(
    broker: FakeBroker, publisher: AmqpPublisher, logs: list[Any]
) -> None:
    broker.away = True
    assert (publisher.hints([hint(1)]), publisher.events([event(1)])) == (0, 0)
    assert [connection.closed for connection in broker.connections] == [True] * 4
    broker.away = False
    assert publisher.hints([hint(1)]) == 1
    assert [line["event"] for line in logs] == ["publish.failed", "publish.recovered"]
    assert logs[-1]["unsent"] == 2


def test_an_outage_is_told_once_a_minute_and_not_at_every_call(
    broker: FakeBroker, publisher: AmqpPublisher, logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("synapse.engine.publisher.monotonic", lambda: now[0])
    broker.away = True
    for seconds in (0, 1, 58, 1, 1):
        now[0] += seconds
        publisher.hints([hint(1)])
    assert [(line["event"], line["unsent"], line["seconds"]) for line in logs] == [("publish.failed", 1, 0), ("publish.failed", 4, 60)]


def test_where_the_first_broker_of_the_url_is_gone_the_next_one_is_asked() -> None:
    with socket.socket() as gone, socket.create_server(("127.0.0.1", 0)) as next_one:
        gone.bind(("127.0.0.1", 0))
        url = ";".join(f"amqp://127.0.0.1:{each.getsockname()[1]}" for each in (gone, next_one))
        assert AmqpPublisher(url, QUEUES, confirm_timeout=0.1).hints([hint(1)]) == 0
        next_one.settimeout(PATIENCE)
        asked, _ = next_one.accept()
        with asked:
            assert asked.recv(4) == b"AMQP"


def test_confirms_that_stay_out_end_the_wait(broker: FakeBroker, publisher: AmqpPublisher, logs: list[Any]) -> None:
    broker.answer = None
    assert publisher.hints([hint(1)]) == 0
    assert "TimeoutError" in logs[-1]["error"]


def test_a_queue_that_is_there_with_other_arguments_is_reported_and_used_as_it_is(
    broker: FakeBroker, publisher: AmqpPublisher, logs: list[Any]
) -> None:
    broker.refuses_queue = "synapse-fact-check"
    broker.queues.add("synapse-fact-check")
    assert publisher.hints([hint(1, "fact_check")]) == 1
    assert [connection.closed for connection in broker.connections] == [False]
    assert "PRECONDITION_FAILED" in logs[-1]["detail"]


def test_a_worker_that_does_not_wait_collects_the_confirms_with_a_later_message(
    broker: FakeBroker, publisher: AmqpPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_COLLECT_FROM", 1, raising=False)
    answer, broker.answer = broker.answer, None
    assert publisher.hints([hint(1)], wait=False) == 1
    channel = broker.connections[0].made
    assert channel is not None
    assert list(channel.open) == [1]
    broker.answer = answer
    broker.connections[0].arrived(1)
    assert publisher.hints([hint(2)], wait=False) == 1
    assert channel.open == {}
    assert places(broker.sent) == ["read[1]", "read[2]"]


def test_what_a_broken_connection_left_unconfirmed_is_sent_again_with_the_next_message(
    broker: FakeBroker, publisher: AmqpPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_COLLECT_FROM", 1, raising=False)
    answer, broker.answer = broker.answer, None
    assert publisher.hints([hint(1)], wait=False) == 1
    broker.connections[0].broken, broker.answer = True, answer
    assert publisher.hints([hint(2)], wait=False) == 1
    assert places(broker.sent) == ["read[1]", "read[1]", "read[2]"]
    assert places(broker.delivered) == ["read[1]", "read[2]"]


def test_too_many_open_confirms_are_waited_for_after_all(
    broker: FakeBroker, publisher: AmqpPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_COLLECT_FROM", 1, raising=False)
    monkeypatch.setattr(module, "_MOST_OUTSTANDING", 2)
    answer, broker.answer = broker.answer, None
    publisher.hints([hint(1), hint(2)], wait=False)
    broker.answer = answer
    broker.connections[0].arrived(2)
    publisher.hints([hint(3)], wait=False)
    assert places(broker.delivered) == ["read[1]", "read[2]", "read[3]"]


def test_each_thread_has_a_connection_of_its_own(broker: FakeBroker, publisher: AmqpPublisher) -> None:
    publisher.hints([hint(1)])
    other = threading.Thread(target=lambda: publisher.hints([hint(2)]))
    other.start()
    other.join(PATIENCE)
    assert len(broker.connections) == 2
    assert [connection.closed for connection in broker.connections] == [False, False]
    publisher.close()
    assert [connection.closed for connection in broker.connections] == [True, True]


def test_in_memory_hints_and_events_are_put_where_workers_look() -> None:
    publisher = MemoryPublisher(QUEUES)
    assert (publisher.hints([hint(1)]), publisher.events([event(1)])) == (1, 1)
    with kombu.Connection("memory://") as connection, connection.channel() as channel:
        step = kombu.Queue("synapse-search")(channel).get()
        told = kombu.Queue("synapse-events")(channel).get()
        assert step is not None
        assert told is not None
        assert step.payload[0] == ["r1", "read[1]", "d" * 64]
        assert step.headers["id"] == "r1:read[1]"
        assert Event.model_validate(told.payload) == event(1)
    publisher.close()


def test_in_memory_no_queue_is_needed_to_send_nothing() -> None:
    publisher = MemoryPublisher(())
    assert (publisher.hints([]), publisher.events([])) == (0, 0)
    publisher.close()


def test_the_settings_decide_which_broker_it_is(broker: FakeBroker) -> None:
    over_amqp = open_publisher(BrokerSettings(broker_url=SecretStr("amqp://here"), queue_type="quorum", confirm_timeout=3), QUEUES)
    assert isinstance(over_amqp, AmqpPublisher)
    assert over_amqp._timeout == 3


def test_without_a_broker_url_it_is_memory() -> None:
    publisher = open_publisher(BrokerSettings(broker_url=None), QUEUES)
    assert isinstance(publisher, MemoryPublisher)
    publisher.close()


def test_nothing_waits_for_ever_for_a_broker_that_is_silent(broker: FakeBroker) -> None:
    made = AmqpPublisher("amqp://here", QUEUES, confirm_timeout=3.0)
    made.hints([hint(1)])
    assert [connection.connection.sock.gettimeout() for connection in broker.connections] == [3.0]
    made.close()


def test_an_alarm_of_the_broker_is_not_waited_for(broker: FakeBroker, logs: list[Any]) -> None:
    # So long that a call that waited for a confirm would be seen to.
    made = AmqpPublisher("amqp://here", QUEUES, confirm_timeout=PATIENCE)
    answer, broker.answer, broker.alarm = broker.answer, None, True
    assert made.hints([hint(1)]) == 0
    assert [line["event"] for line in logs] == ["publish.blocked"]
    assert (made.hints([hint(2)]), made.events([event(1)])) == (0, 0)
    assert places(broker.sent) == ["read[1]"], "a broker that takes nothing is sent no more"
    broker.answer, broker.alarm = answer, False
    broker.connections[0].arrived(2)
    assert made.hints([hint(3)]) == 1
    assert places(broker.delivered) == ["read[1]", "read[3]"]
    assert len(broker.connections) == 1
    made.close()


def test_a_blocked_connection_is_closed_without_a_goodbye_that_nobody_would_read(broker: FakeBroker, publisher: AmqpPublisher) -> None:
    broker.answer, broker.alarm = None, True
    assert publisher.hints([hint(1)]) == 0
    publisher.close()
    assert [(connection.closed, connection.said_goodbye) for connection in broker.connections] == [(True, False)]


def test_a_broker_that_stays_silent_is_left_alone_for_as_long_as_it_was_waited_for(
    broker: FakeBroker, publisher: AmqpPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    answer, broker.answer = broker.answer, None
    assert publisher.hints([hint(1)]) == 0
    assert [connection.said_goodbye for connection in broker.connections] == [False, False]
    assert publisher.hints([hint(2)]) == 0
    assert len(broker.connections) == 2, "nobody asked it"
    now[0] += 0.2
    broker.answer = answer
    assert publisher.hints([hint(3)]) == 1
