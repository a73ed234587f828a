from __future__ import annotations

import gc
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from celery import signals
from pydantic import SecretStr

from synapse.contracts.messages import Event, MessageType
from synapse.engine import bootsteps
from synapse.engine.bootsteps import (
    SWITCH_SECONDS,
    YOUNG_OBJECTS,
    DeadLetterStep,
    EventLogStep,
    GiveUpStep,
    HousekeepingStep,
    HubStep,
    InterpreterStep,
    NewAgentStep,
    StopStep,
)
from synapse.engine.consuming import AckStep, ReadAheadStep
from synapse.engine.reaping import ReapStep
from synapse.engine.stopping import Stopping
from synapse.errors import Unavailable
from synapse.settings import BrokerSettings
from tests.unit.dead import Delivery


class Message:
    """A delivery."""

    def __init__(self, gone: bool = False) -> None:
        self.became = ""
        self.gone = gone

    def ack(self) -> None:
        if self.gone:
            raise ConnectionResetError("the channel is gone")
        self.became += "acked"

    def reject(self) -> None:
        self.became += "rejected"


class Parent:
    """What a step sees of Celery's consumer."""

    def __init__(self, *queues: str) -> None:
        self.logged: list[list[int]] = []
        self.timers: list[tuple[float, Any]] = []
        self.cancelled = 0
        self.fault: Exception | None = None
        self.app = SimpleNamespace(
            amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=dict.fromkeys(queues))),
            runtime=SimpleNamespace(broker=BrokerSettings(broker_url=None, queue_type="quorum")),
            event_log=self._log,
        )
        self.timer = SimpleNamespace(call_repeatedly=self._call)

    def _log(self, events: list[Event]) -> None:
        self.logged.append([event.seq for event in events])
        if self.fault is not None:
            raise self.fault

    def _call(self, seconds: float, work: Any) -> Any:
        self.timers.append((seconds, work))
        return SimpleNamespace(cancel=self._cancel)

    def _cancel(self) -> None:
        self.cancelled += 1


def body(seq: int) -> dict[str, Any]:
    event = Event(run="r", seq=seq, at=datetime(2026, 1, 1, tzinfo=UTC), type=MessageType.STATUS_UPDATE, name="step.started")
    return event.model_dump(mode="json")


@pytest.fixture
def parent() -> Parent:
    return Parent("synapse-logger", "synapse-search")


@pytest.fixture
def log(parent: Parent, monkeypatch: pytest.MonkeyPatch) -> EventLogStep:
    """The step, its consumers left out."""
    for name in ("start", "stop"):
        monkeypatch.setattr(bootsteps.bootsteps.ConsumerStep, name, lambda self, parent: None)
    return EventLogStep(parent)


@pytest.mark.parametrize(("queues", "there"), [(("synapse-logger",), True), (("synapse-search",), False), ((), False)])
def test_events_are_consumed_only_where_the_loggers_queue_is(queues: tuple[str, ...], there: bool) -> None:
    parent = Parent(*queues)
    assert EventLogStep(parent).include_if(parent) is there


def test_its_queue_is_of_the_brokers_kind_and_read_a_bounded_number_ahead(log: EventLogStep) -> None:
    (consumer,) = log.get_consumers(None)
    (queue,) = consumer.queues
    assert (queue.name, queue.queue_arguments["x-queue-type"], consumer.prefetch_count) == ("synapse-events", "quorum", 200)


def test_events_are_handed_on_together_when_the_timer_comes(log: EventLogStep, parent: Parent) -> None:
    messages = [Message(), Message()]
    log.start(parent)
    for seq, message in enumerate(messages, 1):
        log._take(body(seq), message)
    assert parent.logged == []
    ((_, flush),) = parent.timers
    flush()
    flush()
    assert parent.logged == [[1, 2]]
    assert [message.became for message in messages] == ["acked", "acked"]


def test_a_full_batch_does_not_wait_for_the_timer(log: EventLogStep, parent: Parent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootsteps, "_BATCH", 3)
    for seq in range(1, 8):
        log._take(body(seq), Message())
    assert parent.logged == [[1, 2, 3], [4, 5, 6]]


def test_what_is_no_event_is_rejected_and_keeps_nobody_waiting(log: EventLogStep, parent: Parent, logs: list[Any]) -> None:
    odd, good = Message(), Message()
    log._take({"seq": "x"}, odd)
    log._take(body(1), good)
    log._flush()
    assert (odd.became, good.became, parent.logged) == ("rejected", "acked", [[1]])
    assert [line["event"] for line in logs] == ["event.unreadable"]


def test_events_that_cannot_be_logged_do_not_block_those_behind_them(log: EventLogStep, parent: Parent, logs: list[Any]) -> None:
    parent.fault = RuntimeError("the file server is away")
    first, second = Message(), Message()
    log._take(body(1), first)
    log._flush()
    parent.fault = None
    log._take(body(2), second)
    log._flush()
    assert (first.became, second.became, parent.logged) == ("acked", "acked", [[1], [2]])
    assert [line["event"] for line in logs] == ["event_log.failed"]


def test_stopping_hands_on_what_is_left(log: EventLogStep, parent: Parent) -> None:
    log.start(parent)
    log._take(body(1), Message())
    log.stop(parent)
    assert (parent.logged, parent.cancelled) == ([[1]], 1)


def test_a_channel_that_is_gone_does_not_keep_the_consumers_from_being_stopped(
    parent: Parent, log: EventLogStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[Any] = []
    monkeypatch.setattr(bootsteps.bootsteps.ConsumerStep, "stop", lambda self, parent: stopped.append(parent))
    log.start(parent)
    log._take(body(1), Message(gone=True))
    with pytest.raises(ConnectionResetError):
        log.stop(parent)
    assert stopped == [parent]


def test_housekeeping_starts_and_stops_with_the_worker() -> None:
    said: list[str] = []
    keeper = SimpleNamespace(start=lambda: said.append("started"), stop=lambda: said.append("stopped"))
    worker = SimpleNamespace(app=SimpleNamespace(runtime=SimpleNamespace(housekeeping=lambda: keeper)))
    step = HousekeepingStep(worker)
    step.stop(worker)
    step.start(worker)
    step.stop(worker)
    step.terminate(worker)
    assert said == ["started", "stopped"]


def test_steps_under_way_learn_of_the_stop_with_the_signal_or_at_the_latest_with_the_stop() -> None:
    stopping = Stopping()
    worker = SimpleNamespace(app=SimpleNamespace(runtime=SimpleNamespace(stopping=stopping)))
    step = StopStep(worker)
    stopping.ask()
    step.start(worker)
    assert not stopping.asked, "a worker that starts again is not to stop"
    signals.worker_shutting_down.send(sender="w@localhost", sig="SIGTERM", how="Warm", exitcode=0)
    assert stopping.asked
    stopping.forget()
    step.stop(worker)
    assert stopping.asked


@pytest.mark.parametrize(("url", "own"), [(None, False), ("amqp://localhost", True)])
def test_a_workers_threads_take_short_turns_and_the_collector_of_its_own_process_leaves_alone_what_was_there(
    parent: Parent, url: str | None, own: bool
) -> None:
    parent.app.runtime.broker = BrokerSettings.model_validate({"broker_url": url})
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    try:
        InterpreterStep(SimpleNamespace()).start(parent)
        assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
        assert (gc.get_threshold()[0] == YOUNG_OBJECTS) is own
        assert (gc.get_freeze_count() > 0) is own
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(interval)


def test_the_hub_is_woken_when_callbacks_wait_and_left_alone_otherwise() -> None:
    woken: list[int] = []
    hub = SimpleNamespace(on_tick=set(), _ready=set(), _waker=SimpleNamespace(wake=lambda: woken.append(1)))
    HubStep(SimpleNamespace()).start(SimpleNamespace(hub=hub))
    (nudge,) = hub.on_tick
    nudge()
    assert woken == []
    hub._ready.add("callback")
    nudge()
    assert woken == [1]


def test_a_worker_without_a_hub_needs_no_nudge() -> None:
    worker = SimpleNamespace(hub=None)
    HubStep(worker).start(worker)
    assert vars(worker) == {"hub": None}


def test_the_steps_are_added_to_an_applications_workers() -> None:
    app = SimpleNamespace(steps={"worker": set(), "consumer": set()})
    bootsteps.install(app)
    assert app.steps == {
        "worker": {InterpreterStep, HousekeepingStep, StopStep, HubStep, ReapStep},
        "consumer": {EventLogStep, DeadLetterStep, ReadAheadStep, AckStep, GiveUpStep, NewAgentStep},
    }


@pytest.mark.parametrize(("url", "there"), [(None, False), ("amqp://localhost", True)])
def test_what_cannot_be_decoded_is_given_up_where_a_broker_takes_it_back(parent: Parent, url: str | None, there: bool) -> None:
    parent.app.runtime.broker = BrokerSettings.model_validate({"broker_url": url})
    assert GiveUpStep(parent).include_if(parent) is there


def test_giving_up_rejects() -> None:
    consumer, message = SimpleNamespace(), Message()
    GiveUpStep(consumer).start(consumer)
    consumer.on_decode_error(message, ValueError("secret"))
    assert message.became == "rejected"


@pytest.mark.parametrize(("task_id", "became"), [("r1:read[2]", "acked"), ("i", "given up"), (None, "given up")])
def test_a_task_that_this_worker_has_not_is_left_to_another_when_it_says_which_step_it_is(task_id: str | None, became: str) -> None:
    passed: list[tuple[str, str, tuple[int, ...]]] = []
    ledger = SimpleNamespace(pass_on=lambda run, key, index, failure: passed.append((run, key, index)))
    consumer = SimpleNamespace(
        app=SimpleNamespace(runtime=SimpleNamespace(database=SimpleNamespace(ledger=ledger))),
        connection_errors=(),
        on_unknown_task=lambda body, message, error: setattr(message, "became", "given up"),
    )
    step, message = NewAgentStep(consumer), SimpleNamespace(headers={"id": task_id, "task": "synapse.search.deeper"})
    message.ack_log_error = lambda *_: setattr(message, "became", "acked")
    for _ in range(2):  # as after a connection that broke: what Celery does otherwise is still that
        step.start(consumer)
    consumer.on_unknown_task(None, message, KeyError())
    assert message.became == became
    assert passed == ([("r1", "read", (2,))] if became == "acked" else [])


class Letters:
    """Where dead letters are recorded, as long as it is there."""

    def __init__(self) -> None:
        self.recorded: list[str] = []
        self.away = False

    def record(self, corpses: list[Any], now: datetime) -> None:
        if self.away:
            raise Unavailable("the database is away")
        self.recorded += [each.step for each in corpses]


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> tuple[DeadLetterStep, Letters, Parent]:
    """The step in a worker that has a broker, its consumers left out."""
    for name in ("start", "stop"):
        monkeypatch.setattr(bootsteps.bootsteps.ConsumerStep, name, lambda self, parent: None)
    parent, letters = Parent("synapse-logger"), Letters()
    parent.app.runtime.database = SimpleNamespace(dead_letters=letters)
    parent.app.runtime.broker = BrokerSettings(broker_url=SecretStr("amqp://there"), queue_type="quorum")
    step = DeadLetterStep(parent)
    step.start(parent)
    return step, letters, parent


def test_dead_letters_are_taken_where_the_loggers_queue_is_and_a_broker_gives_some_up(dead: tuple[DeadLetterStep, Letters, Parent]) -> None:
    step, _, parent = dead
    assert step.include_if(parent)
    parent.app.amqp.queues.consume_from = {"synapse-search": None}
    assert not step.include_if(parent)
    embedded = Parent("synapse-logger")
    assert not step.include_if(embedded)


def test_a_letter_is_acknowledged_once_it_is_recorded(dead: tuple[DeadLetterStep, Letters, Parent]) -> None:
    step, letters, parent = dead
    message = Delivery()
    step._take(message)
    assert not message.acked
    (_, flush) = parent.timers[0]
    flush()
    assert (letters.recorded, message.acked) == (["a[0]"], True)
    flush()
    assert letters.recorded == ["a[0]"]


def test_a_letter_that_cannot_be_recorded_is_tried_again_before_later_ones(dead: tuple[DeadLetterStep, Letters, Parent]) -> None:
    step, letters, parent = dead
    first, second = Delivery(), Delivery(b'{"run": "r", "step": "later"}')
    letters.away = True
    step._take(first)
    parent.timers[0][1]()
    step._take(second)
    assert not first.acked
    letters.away = False
    parent.timers[0][1]()
    assert (letters.recorded, first.acked, second.acked) == (["a[0]", "later"], True, True)


def test_a_worker_that_stops_leaves_what_it_has_not_recorded_to_the_broker(dead: tuple[DeadLetterStep, Letters, Parent]) -> None:
    step, letters, parent = dead
    message = Delivery()
    step._take(message)
    step.stop(parent)
    parent.timers[0][1]()
    assert (letters.recorded, message.acked, parent.cancelled) == ([], False, 1)
