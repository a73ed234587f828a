from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from synapse.contracts.inbox import InboxAnswer
from synapse.contracts.run import RunState
from synapse.engine import topology
from synapse.engine.frames import Publication
from synapse.engine.inbox import Accepted, InboxDesk, InboxStep, Letter
from synapse.errors import InvalidInput, SynapseError, Unauthorized, Unavailable
from synapse.settings import BrokerSettings


class Broker:
    """A publisher that keeps what it is given, or takes nothing."""

    def __init__(self) -> None:
        self.sent: list[Publication] = []
        self.away = False

    def again(self, publications: Sequence[Publication]) -> int:
        if self.away:
            return 0
        self.sent += publications
        return len(publications)

    def to(self) -> list[str]:
        return [each.exchange or each.routing_key for each in self.sent]


class House:
    """An intake that does what it is told."""

    def __init__(self) -> None:
        self.fault: SynapseError | None = None
        self.letters: list[Letter] = []
        self.ended = False

    def receive(self, letter: Letter) -> Accepted:
        self.letters.append(letter)
        if self.fault is not None:
            raise self.fault
        return Accepted("r", "default", InboxAnswer(name="run.accepted", run="r", state=RunState.RUNNING))

    def outcome(self, tenant: str, run: str) -> InboxAnswer | None:
        if self.fault is not None:
            raise self.fault
        return InboxAnswer(name="run.ended", run=run, state=RunState.SUCCEEDED) if self.ended else None


class Delivery:
    """What kombu hands to a consumer of messages as they are."""

    def __init__(self, body: bytes = b"{}", headers: dict[str, Any] | None = None, **properties: Any) -> None:
        self.body, self.headers, self.properties = body, headers or {}, properties
        self.content_type, self.content_encoding = "application/json", None
        self.acked = False

    def ack(self) -> None:
        self.acked = True


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def desk(house: House, broker: Broker) -> InboxDesk:
    return InboxDesk(house, broker)  # type: ignore[arg-type] # of a publisher only what is needed


def test_a_task_is_acknowledged_once_it_is_durable_and_its_sender_told(desk: InboxDesk, house: House, broker: Broker) -> None:
    message = Delivery(b"{}", user_id="portal", message_id="m", reply_to="mine", correlation_id="c")
    assert desk.receive(message)
    assert message.acked
    assert house.letters == [Letter(b"{}", "portal", "m")]
    assert broker.to() == [topology.LATER, "mine"]
    assert broker.sent[1].properties["correlation_id"] == "c"
    assert json.loads(broker.sent[1].body)["name"] == "run.accepted"


def test_nobody_is_told_where_nobody_asked_or_the_address_is_our_own(desk: InboxDesk, broker: Broker) -> None:
    assert desk.receive(Delivery())
    assert desk.receive(Delivery(reply_to="synapse-search"))
    assert broker.sent == []


def test_what_a_dependency_that_is_away_keeps_back_stays_unacknowledged(desk: InboxDesk, house: House, broker: Broker) -> None:
    message = Delivery(reply_to="mine")
    house.fault = Unavailable()
    assert not desk.receive(message)
    house.fault, broker.away = None, True
    assert not desk.receive(message)
    house.fault = InvalidInput("bad")
    assert not desk.receive(message)
    assert not message.acked


def test_a_bad_one_goes_to_the_dead_letters_with_its_reason_and_its_sender_is_told(desk: InboxDesk, house: House, broker: Broker) -> None:
    house.fault = InvalidInput("too short", field="question")
    message = Delivery(b"{", {"x-death": [{"queue": "forged"}], "mine": 1}, reply_to="mine", message_id="m")
    assert desk.receive(message)
    assert message.acked
    dead, told = broker.sent
    assert (dead.exchange, dead.body, dead.properties["message_id"]) == ("synapse.dead", b"{", "m")
    assert dead.properties["headers"].pop("x-synapse-at")
    assert dead.properties["headers"] == {
        "mine": 1,
        "x-synapse-queue": "synapse-inbox",
        "x-synapse-reason": "invalid-input: question: too short",
    }
    assert json.loads(told.body)["error"] == {"code": "invalid-input", "message": "question: too short"}


def test_a_stranger_is_told_nothing(desk: InboxDesk, house: House, broker: Broker) -> None:
    house.fault = Unauthorized("nobody knows you")
    assert desk.receive(Delivery(reply_to="mine"))
    assert broker.to() == ["synapse.dead"]


def test_who_waits_is_told_of_the_end_and_until_then_looked_at_again(desk: InboxDesk, house: House, broker: Broker) -> None:
    waiting = json.dumps({"run": "r", "tenant": "default", "reply_to": "mine", "correlation_id": None}).encode()
    first, second, third = Delivery(waiting), Delivery(waiting), Delivery(waiting)
    assert desk.look(first)
    house.ended = True
    assert desk.look(second)
    assert broker.to() == [topology.LATER, "mine"]
    assert (broker.sent[0].body, first.acked, second.acked) == (waiting, True, True)
    house.fault = Unavailable()
    assert not desk.look(third)
    house.fault = InvalidInput("gone")
    assert desk.look(third)


def test_it_is_consumed_in_the_orchestrator_s_worker_and_tried_again(house: House, broker: Broker) -> None:
    timers: list[Any] = []
    settings = BrokerSettings(broker_url=SecretStr("amqp://a:b@localhost/"))
    app = SimpleNamespace(
        amqp=SimpleNamespace(queues=SimpleNamespace(consume_from={"synapse-orchestrator": None})),
        runtime=SimpleNamespace(broker=settings, publisher=broker),
        intake=house,
    )
    parent = SimpleNamespace(app=app, timer=SimpleNamespace(call_repeatedly=lambda seconds, work: timers.append(work)))
    step = InboxStep(parent)
    assert step.include_if(parent)
    take = step._handing(InboxDesk(house, broker).receive)  # type: ignore[arg-type]
    house.fault = Unavailable()
    message = Delivery()
    take(message)
    step._retry()
    assert not message.acked
    house.fault = None
    step._retry()
    assert message.acked
    app.amqp.queues.consume_from = {"synapse-search": None}
    assert not step.include_if(parent)
