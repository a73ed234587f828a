"""Messages duplicated, reordered, lost, malformed, and of other versions."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

import amqp
import kombu
import pytest

from synapse.engine.messages import WIRE, WIRE_HEADER
from synapse.state.records import Hint
from tests.chaos.house import STEPS, House
from tests.chaos.matrix import proves
from tests.waiting import until

QUEUE = "synapse-test"
LONG = {"SYNAPSE_LEASE_SECONDS": "300", "SYNAPSE_HINT_GRACE_SECONDS": "300"}


def first(house: House, run: str) -> Hint:
    """The run's first message."""
    ((digest,),) = house.client.runtime.database.driver.rows("SELECT digest FROM run WHERE id = :run", {"run": run})
    return Hint(run, "list", "test.list", digest)


def send(house: House, body: object, headers: dict[str, object]) -> None:
    """Put a message in the queue as somebody else may."""
    with kombu.Connection(house.broker) as connection:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        message = amqp.Message(text, content_type="application/json", content_encoding="utf-8", application_headers=headers)
        connection.default_channel.basic_publish_confirm(message, routing_key=QUEUE)


@proves(
    "messages duplicated",
    "the claim is one guarded update: the first has the step, the others have nothing to do",
    "nothing",
    at="before the claim",
)
def test_a_message_sent_twenty_times_does_its_work_once(house: House, took: Callable[[float], None]) -> None:
    house.keep()
    run = house.begin(publish=False)
    house.client.runtime.publisher.hints([first(house, run)] * 20)
    house.workers.start("-P", "threads", "-c", "4")
    sent = time.time()
    detail = house.sound(run)
    assert {step.attempt for step in detail.steps} == {1}
    took(house.recovery(run, {"time": sent}))


@proves(
    "messages reordered",
    "a message only says which step may be tried; the ledger knows whether it is that step's turn",
    "nothing",
    at="before the claim",
)
def test_messages_in_any_order_and_ahead_of_their_time_do_their_work_once(house: House, took: Callable[[float], None]) -> None:
    house.keep()
    runs = [house.begin(publish=False) for _ in range(5)]
    hints = [first(house, run) for run in runs]
    # Steps that are not there yet, too.
    hints += [Hint(each.run, place, "test.work", each.digest) for each in hints for place in ("work[0]", "once[2]", "sum", "last")]
    random.Random(5).shuffle(hints)
    house.client.runtime.publisher.hints(hints)
    house.workers.start("-P", "threads", "-c", "4")
    sent = time.time()
    for run in runs:
        assert {step.attempt for step in house.sound(run).steps} == {1}
    took(max(house.recovery(run, {"time": sent}) for run in runs))


@proves(
    "messages lost",
    "the reconciler finds the step that nobody took, and sends another",
    "the run takes as much longer",
    at="after the commit, before its messages",
    waits="hint grace",
)
def test_a_lost_message_is_sent_again(house: House, took: Callable[[float], None]) -> None:
    house.keep()
    house.workers.start()
    lost = time.time()
    run = house.begin(publish=False)
    house.sound(run)
    took(house.recovery(run, {"time": lost}))


@proves(
    "message malformed",
    "rejected; the dead letter is recorded in SQL for people to look at; the worker lives on",
    "`synapse dead list`; nothing in the run",
    at="before the claim",
)
def test_a_malformed_message_hurts_nobody_and_is_kept_to_be_looked_at(house: House, took: Callable[[float], None]) -> None:
    house.keep()
    house.workers.queues = (QUEUE, "synapse-logger")
    worker = house.workers.start("-P", "threads", "-c", "2", **LONG)
    sent = time.time()
    send(house, b"\xff{", {"id": "x", "task": "synapse.test.work"})
    send(house, [["only-one"], {}, {}], {"id": "x", "task": "synapse.test.work"})
    run = house.begin()
    house.sound(run)
    until(lambda: house.client.runtime.database.dead_letters.count() == 2, "both are recorded")
    assert worker.running
    took(house.recovery(run, {"time": sent}))


# What a message of each version looks like that this one must live with.
OLDER: tuple[dict[str, object], dict[str, object]] = ({}, {"lang": "py", "root_id": "of-no-use"})
NEWER: tuple[dict[str, object], dict[str, object]] = ({"since": 9}, {"schema": 9, "stamped_headers": ["later"], "later": ["x"]})


@proves(
    "message from an older or a newer version",
    "headers that it does not know are left alone and those that are missing not needed; a message that says that it is written in a newer"
    " way is spent, its step is left to a newer worker, and is offered again in the words of whoever keeps house",
    "`step.lost`, and the run takes some seconds longer, where the message was left",
    at={"older": "before the claim", "newer": "before the claim", "newer arguments": "before the claim"},
    waits="a pause of at most 5 seconds, where the message was left",
)
@pytest.mark.parametrize("version", ["older", "newer", "newer arguments"])
def test_messages_of_other_versions_are_understood_or_replaced(house: House, took: Callable[[float], None], version: str) -> None:
    house.keep()
    house.workers.queues = (QUEUE, "synapse-logger")
    house.workers.start()
    run = house.begin(publish=False)
    hint = first(house, run)
    sent = time.time()
    headers: dict[str, object] = {"task": f"synapse.{hint.agent}", "id": f"{run}:list"}
    arguments: list[object] = [hint.run, hint.place, hint.digest]
    embed, more = NEWER if version.startswith("newer") else OLDER
    if left := version == "newer arguments":
        arguments.append({"shard": 3})
        more = {**more, WIRE_HEADER: WIRE + 1}
    send(house, [arguments, {}, embed], {**headers, **more})
    detail = house.sound(run)
    assert len(detail.steps) == STEPS
    assert [event.step for event in house.client.events(run, "step.lost")] == ["list"] * left
    assert house.client.runtime.database.dead_letters.count() == 0
    took(house.recovery(run, {"time": sent}))
